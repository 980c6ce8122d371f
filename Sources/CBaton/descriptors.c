#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void baton_close(int descriptor) { close(descriptor); }

int baton_duplicate(int descriptor) {
  int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? -errno : copy;
}
