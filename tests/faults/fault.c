// A library to preload: it makes one system call that writes fail, or ends the process before it.
//   DR_FAULT_CALL    the number of the call (1 is the first one)
//   DR_FAULT_HOW     the name of an errno (ENOSPC, EIO, EDQUOT, EROFS), or KILL
//   DR_FAULT_COUNT   a file to which every counted call adds a line: its name, and the paths or the file that it is about
// Counted are the calls by which a program changes the disk (of writes, those to regular files), in the process whose
// name begins with "kubectl-"; its children are left alone.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls;

static int is_ours(void) {
  return strncmp(program_invocation_short_name, "kubectl-", 8) == 0;
}

static void note(const char* name, const char* path, const char* other) {
  const char* file = getenv("DR_FAULT_COUNT");
  if (file == NULL) return;
  int (*real_open)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  ssize_t (*real_write)(int, const void*, size_t) =
      (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
  int fd = real_open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (fd < 0) return;
  char line[3 * PATH_MAX];
  int size = snprintf(line, sizeof line, "%s\t%s\t%s\n", name, path, other);
  if (size < 0 || real_write(fd, line, (size_t)size) != size) abort();
  close(fd);
}

// The file behind a descriptor.
static const char* path_of(int fd) {
  static char path[PATH_MAX];
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  path[size < 0 ? 0 : size] = 0;
  return path;
}

static int error_of(const char* how) {
  if (strcmp(how, "ENOSPC") == 0) return ENOSPC;
  if (strcmp(how, "EDQUOT") == 0) return EDQUOT;
  if (strcmp(how, "EROFS") == 0) return EROFS;
  return EIO;
}

// Counts a call; true when it is to fail, with errno set.
static int strikes(const char* name, const char* path, const char* other) {
  if (!is_ours()) return 0;
  note(name, path, other);
  const char* at = getenv("DR_FAULT_CALL");
  const char* how = getenv("DR_FAULT_HOW");
  if (++calls != (at == NULL ? 0 : strtol(at, NULL, 10)) || how == NULL) return 0;
  if (strcmp(how, "KILL") == 0) kill(getpid(), SIGKILL);
  errno = error_of(how);
  return 1;
}

static int strikes_file(int fd, const char* name) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && strikes(name, path_of(fd), "");
}

#define NEXT(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void* bytes, size_t count) {
  if (strikes_file(fd, "write")) return -1;
  return NEXT(ssize_t, write, int, const void*, size_t)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  if (strikes_file(fd, "pwrite")) return -1;
  return NEXT(ssize_t, pwrite, int, const void*, size_t, off_t)(fd, bytes, count, offset);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (strikes_file(fd, "writev")) return -1;
  return NEXT(ssize_t, writev, int, const struct iovec*, int)(fd, parts, count);
}

int fsync(int fd) {
  if (strikes("fsync", path_of(fd), "")) return -1;
  return NEXT(int, fsync, int)(fd);
}

int fdatasync(int fd) {
  if (strikes("fdatasync", path_of(fd), "")) return -1;
  return NEXT(int, fdatasync, int)(fd);
}

int syncfs(int fd) {
  if (strikes("syncfs", path_of(fd), "")) return -1;
  return NEXT(int, syncfs, int)(fd);
}

int rename(const char* from, const char* to) {
  if (strikes("rename", from, to)) return -1;
  return NEXT(int, rename, const char*, const char*)(from, to);
}

int link(const char* from, const char* to) {
  if (strikes("link", from, to)) return -1;
  return NEXT(int, link, const char*, const char*)(from, to);
}

int mkdir(const char* path, mode_t mode) {
  if (strikes("mkdir", path, "")) return -1;
  return NEXT(int, mkdir, const char*, mode_t)(path, mode);
}

int unlink(const char* path) {
  if (strikes("unlink", path, "")) return -1;
  return NEXT(int, unlink, const char*)(path);
}

int unlinkat(int dir, const char* path, int flags) {
  if (strikes("unlinkat", path, "")) return -1;
  return NEXT(int, unlinkat, int, const char*, int)(dir, path, flags);
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  if ((flags & O_CREAT) != 0 && strikes("open", path, "")) return -1;
  return NEXT(int, open, const char*, int, ...)(path, flags, mode);
}
