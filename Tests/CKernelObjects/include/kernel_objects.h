// Kernel objects that tests need and that Swift cannot make, because the calls are variadic or in no
// module. Every function gives a descriptor that closes on exec, or a negative errno.
#ifndef KERNEL_OBJECTS_H
#define KERNEL_OBJECTS_H

int make_eventfd(void);
int make_timerfd(void);
int make_signalfd(void);
int make_epoll(void);
// Of this process.
int make_pidfd(void);
int make_inotify(void);
int make_netlink_socket(void);
// A pseudoterminal's controlling end; *terminal becomes the other one.
int make_terminal(int *terminal);
// From /dev/udmabuf.
int make_dmabuf(void);
// memfd_secret(2).
int make_secret_memory(void);
// Opened with access mode 3, which allows ioctl(2) alone.
int open_for_ioctl(const char *path);
int make_fifo(const char *path);

// Starts a program in `directory` with three descriptors as its standard ones and no other, every
// signal at its default and none blocked (posix_spawn(3)). Gives its process identifier, or a negative
// errno.
int start_program(const char *path, char *const arguments[], char *const environment[],
                  const char *directory, const int standard[3]);
// Waits for its end: its exit status, or the signal that ended it, negative.
int wait_for_program(int process);

// A child connects a SOCK_SEQPACKET socket to the one at `path` and ends. Gives its process
// identifier, which is nobody's any more.
int connect_and_end(const char *path);
// From now on getsockopt(2) of `name` fails with `error` in this process, as on a kernel without it
// (seccomp(2)).
int hide_socket_option(int name, int error);
// The same for setsockopt(2).
int keep_socket_option(int name, int error);
// The same for sendmsg(2) over `socket`.
int fail_sending(int socket, int error);

// Removes a directory and all that lies in it; links are removed, never followed.
void remove_tree(const char *path);

// Maps a page of `memory` for reading and writing; NULL when that fails.
void *map_page(int memory);
void unmap_page(void *page);

// How many numbers of this process are open, and how many of them /proc/self/fd calls `name`.
int count_open(void);
int count_open_named(const char *name);

#endif
