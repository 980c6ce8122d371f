// System calls on descriptor numbers. Every one returns a negative errno instead of setting it.
#ifndef BATON_DESCRIPTORS_H
#define BATON_DESCRIPTORS_H

// close(2); EINTR counts as closed, as on Linux it is.
void baton_close(int descriptor);
// fcntl(2), F_DUPFD_CLOEXEC.
int baton_duplicate(int descriptor);

#endif
