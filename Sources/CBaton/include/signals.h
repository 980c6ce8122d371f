// Waiting for signals on an event loop, whatever other threads there are.
#ifndef BATON_SIGNALS_H
#define BATON_SIGNALS_H

// sigaction(2): from now on `signal` is told to the eventfd `number` instead of doing what it does.
// -EBUSY when somebody else in this process waits for it.
int baton_watch_signal(int signal, int number);
// sigaction(2): the signal does what it did before. The eventfd is not touched any more.
void baton_unwatch_signal(int signal);
// pthread_sigmask(3): lets the signal come to this thread, as threads that block it are told nothing.
void baton_unblock_signal(int signal);

#endif
