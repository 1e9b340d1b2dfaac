/*
 * A disk that fails, for LD_PRELOAD: what is done to files below a folder is written to a log, so that a test can build
 * what a power cut would have left of them; and writes find the disk full while a file says so.
 *
 *   ATOMMQ_DISK_FOLDER   what the paths of those files begin with
 *   ATOMMQ_DISK_LOG      the log; nothing is logged without it
 *   ATOMMQ_DISK_FULL     while this file exists the disk is full
 *   ATOMMQ_DISK_BROKEN   while this file exists writes and syncs end with an input/output error
 *   ATOMMQ_DISK_READONLY while this file exists nothing can be written, as on a file system that was remounted
 *
 * A record of the log, in the byte order of the machine: what was done (1 byte), 7 bytes of nothing, the inode, an offset
 * or length (8 bytes each), the length of the path and of the data (4 bytes each), the path, the data.
 *   o  opened for writing, and made if nothing was there     w  written at an offset     t  truncated to a length
 *   s  a sync began     e  and ended     u  unlinked     d  the folder was synchronized
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096
enum { OTHER, LOGGED, SHARED, FOLDER };

static const char *folder, *full, *broken, *readonly;
static int log_fd = -1;
static struct { int kind; uint64_t inode; char *path; } files[FILES];

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  folder = getenv("ATOMMQ_DISK_FOLDER");
  full = getenv("ATOMMQ_DISK_FULL");
  readonly = getenv("ATOMMQ_DISK_READONLY");
  broken = getenv("ATOMMQ_DISK_BROKEN");
  const char *log = getenv("ATOMMQ_DISK_LOG");
  if (log) log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

/* One call, so that the records of several processes do not mix. */
static void note(char what, uint64_t inode, uint64_t at, const char *path, const void *data, size_t length) {
  if (log_fd < 0) return;
  struct { char what, nothing[7]; uint64_t inode, at; uint32_t path, data; } head =
    { what, { 0 }, inode, at, (uint32_t)strlen(path), (uint32_t)length };
  struct iovec parts[] = { { &head, sizeof head }, { (void *)path, head.path }, { (void *)data, length } };
  int before = errno;
  syscall(SYS_writev, log_fd, parts, 3);
  errno = before;
}

static int is_ours(const char *path) { return folder && path && strncmp(path, folder, strlen(folder)) == 0; }

static int ends_with(const char *path, const char *end) {
  size_t length = strlen(path);
  return length >= strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

static int exists(const char *path) { return path && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

static int opened(int fd, const char *path, int flags) {
  struct stat about;
  if (fd < 0 || fd >= FILES) return fd;
  files[fd].kind = OTHER;
  if (!is_ours(path) || fstat(fd, &about) != 0) return fd;
  files[fd].inode = about.st_ino;
  free(files[fd].path);
  files[fd].path = strdup(path);
  files[fd].kind = S_ISDIR(about.st_mode) ? FOLDER : ends_with(path, "-shm") ? SHARED : LOGGED;
  if (files[fd].kind == LOGGED && (flags & O_ACCMODE) != O_RDONLY) note('o', about.st_ino, 0, path, NULL, 0);
  return fd;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open)(path, flags, mode), path, flags); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open64)(path, flags, mode), path, flags); }

int close(int fd) {
  if (fd >= 0 && fd < FILES) files[fd].kind = OTHER;
  return REAL(close)(fd);
}

static int kind_of(int fd) { return fd >= 0 && fd < FILES ? files[fd].kind : OTHER; }

/* A full disk takes some of what is written before it says so. Returns how much may be written; -1 for an error. */
static ssize_t allowed(int fd, size_t length) {
  if (kind_of(fd) != LOGGED && kind_of(fd) != SHARED) return length;
  if (exists(broken)) { errno = EIO; return -1; }
  if (exists(readonly)) { errno = EROFS; return -1; }
  if (!exists(full)) return length;
  if (length > 1024 && rand() % 2) return length / 2;
  errno = ENOSPC;
  return -1;
}

static ssize_t wrote(int fd, const void *data, ssize_t length, off64_t at) {
  if (length > 0 && kind_of(fd) == LOGGED) note('w', files[fd].inode, at, "", data, length);
  return length;
}

ssize_t write(int fd, const void *data, size_t length) {
  if (kind_of(fd) == OTHER) return REAL(write)(fd, data, length);
  ssize_t may = allowed(fd, length);
  off64_t at = lseek64(fd, 0, SEEK_CUR);
  return may < 0 ? -1 : wrote(fd, data, REAL(write)(fd, data, may), at);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
  ssize_t may = allowed(fd, length);
  return may < 0 ? -1 : wrote(fd, data, REAL(pwrite)(fd, data, may, at), at);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
  ssize_t may = allowed(fd, length);
  return may < 0 ? -1 : wrote(fd, data, REAL(pwrite64)(fd, data, may, at), at);
}

static int truncated(int fd, int result, off64_t length) {
  if (result == 0 && kind_of(fd) == LOGGED) note('t', files[fd].inode, length, "", NULL, 0);
  return result;
}
int ftruncate(int fd, off_t length) { return truncated(fd, REAL(ftruncate)(fd, length), length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, REAL(ftruncate64)(fd, length), length); }

/* The files are on a disk that is there to stay: what a sync costs is of no interest, only when it was asked for. */
static int sync_file(int fd, int (*really)(int)) {
  int kind = kind_of(fd);
  if (kind == OTHER || kind == SHARED) return really(fd);
  if (exists(broken)) { errno = EIO; return -1; }
  if (kind == FOLDER) { note('d', 0, 0, files[fd].path, NULL, 0); return 0; }
  note('s', files[fd].inode, 0, "", NULL, 0);
  note('e', files[fd].inode, 0, "", NULL, 0);
  return 0;
}
int fsync(int fd) { return sync_file(fd, REAL(fsync)); }
int fdatasync(int fd) { return sync_file(fd, REAL(fdatasync)); }

int unlink(const char *path) {
  int result = REAL(unlink)(path);
  if (result == 0 && is_ours(path) && !ends_with(path, "-shm")) note('u', 0, 0, path, NULL, 0);
  return result;
}
