#include "steward/ledger/sqlite/power_loss_vfs.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include <sqlite3.h>

#include "steward/core/check.h"

namespace steward::ledger {
namespace {

/// A file as this process sees it; the disk sees it as of the last sync.
struct Shadow {
  std::string bytes;
  bool dirty = false;
};

std::mutex shadows_mutex;
std::map<std::string, std::shared_ptr<Shadow>>& shadows() {
  static std::map<std::string, std::shared_ptr<Shadow>> all;
  return all;
}

sqlite3_vfs* system_vfs() { return sqlite3_vfs_find("unix"); }

/// SQLite allocates szOsFile bytes; the system's own file object lies behind ours.
struct File {
  sqlite3_file base;
  std::shared_ptr<Shadow>* shadow;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* file_of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }

/// SQLite's unix VFS moves at most 128 KiB in one call.
template <class Move>
void for_each_block(std::string& bytes, Move move) {
  constexpr std::size_t kBlock = 65'536;
  for (std::size_t at = 0; at < bytes.size(); at += kBlock)
    move(bytes.data() + at, static_cast<int>(std::min(kBlock, bytes.size() - at)), static_cast<sqlite3_int64>(at));
}

int close_file(sqlite3_file* file) {
  const std::lock_guard lock(shadows_mutex);
  delete file_of(file)->shadow;
  sqlite3_file* real = file_of(file)->real();
  return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

int read_file(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
  const std::lock_guard lock(shadows_mutex);
  const std::string& bytes = (*file_of(file)->shadow)->bytes;
  const auto begin = static_cast<std::size_t>(offset);
  const std::size_t there = begin < bytes.size() ? std::min(bytes.size() - begin, static_cast<std::size_t>(count)) : 0;
  std::memcpy(out, bytes.data() + std::min(begin, bytes.size()), there);
  if (there == static_cast<std::size_t>(count)) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + there, 0, static_cast<std::size_t>(count) - there);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* in, int count, sqlite3_int64 offset) {
  const std::lock_guard lock(shadows_mutex);
  Shadow& shadow = **file_of(file)->shadow;
  const auto end = static_cast<std::size_t>(offset) + static_cast<std::size_t>(count);
  if (shadow.bytes.size() < end) shadow.bytes.resize(end);
  std::memcpy(shadow.bytes.data() + offset, in, static_cast<std::size_t>(count));
  shadow.dirty = true;
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const std::lock_guard lock(shadows_mutex);
  Shadow& shadow = **file_of(file)->shadow;
  shadow.bytes.resize(static_cast<std::size_t>(size));
  shadow.dirty = true;
  return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int flags) {
  const std::lock_guard lock(shadows_mutex);
  Shadow& shadow = **file_of(file)->shadow;
  sqlite3_file* real = file_of(file)->real();
  if (!shadow.dirty) return SQLITE_OK;
  int status = real->pMethods->xTruncate(real, static_cast<sqlite3_int64>(shadow.bytes.size()));
  for_each_block(shadow.bytes, [&](char* block, int count, sqlite3_int64 offset) {
    if (status == SQLITE_OK) status = real->pMethods->xWrite(real, block, count, offset);
  });
  if (status == SQLITE_OK) status = real->pMethods->xSync(real, flags);
  if (status == SQLITE_OK) shadow.dirty = false;
  return status;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  const std::lock_guard lock(shadows_mutex);
  *size = static_cast<sqlite3_int64>((*file_of(file)->shadow)->bytes.size());
  return SQLITE_OK;
}

int lock_file(sqlite3_file* f, int level) { return file_of(f)->real()->pMethods->xLock(file_of(f)->real(), level); }
int unlock_file(sqlite3_file* f, int level) { return file_of(f)->real()->pMethods->xUnlock(file_of(f)->real(), level); }
int check_lock(sqlite3_file* f, int* out) { return file_of(f)->real()->pMethods->xCheckReservedLock(file_of(f)->real(), out); }
int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return 0; }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return file_of(f)->real()->pMethods->xShmMap(file_of(f)->real(), page, size, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return file_of(f)->real()->pMethods->xShmLock(file_of(f)->real(), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { file_of(f)->real()->pMethods->xShmBarrier(file_of(f)->real()); }
int shm_unmap(sqlite3_file* f, int remove) { return file_of(f)->real()->pMethods->xShmUnmap(file_of(f)->real(), remove); }

const sqlite3_io_methods kMethods = {2,         close_file,  read_file,  write_file, truncate_file, sync_file,       size_of_file,
                                     lock_file, unlock_file, check_lock, control,    sector_size,   characteristics, shm_map,
                                     shm_lock,  shm_barrier, shm_unmap,  nullptr,    nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* out, int flags, int* out_flags) {
  File* file = file_of(out);
  file->base.pMethods = nullptr;
  file->shadow = nullptr;
  const int status = system_vfs()->xOpen(system_vfs(), name, file->real(), flags, out_flags);
  if (status != SQLITE_OK) return status;
  const std::lock_guard lock(shadows_mutex);
  auto& shadow = shadows()[name ? name : ""];
  if (!shadow) {
    shadow = std::make_shared<Shadow>();
    sqlite3_int64 size = 0;
    file->real()->pMethods->xFileSize(file->real(), &size);
    shadow->bytes.resize(static_cast<std::size_t>(size));
    for_each_block(shadow->bytes, [file](char* block, int count, sqlite3_int64 offset) {
      file->real()->pMethods->xRead(file->real(), block, count, offset);
    });
  }
  file->shadow = new std::shared_ptr<Shadow>(shadow);
  file->base.pMethods = &kMethods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* name, int sync) {
  const std::lock_guard lock(shadows_mutex);
  shadows().erase(name);
  return system_vfs()->xDelete(system_vfs(), name, sync);
}

}  // namespace

void register_power_loss_vfs() {
  static sqlite3_vfs vfs;
  if (sqlite3_vfs_find("power-loss")) return;
  vfs = *system_vfs();
  vfs.zName = "power-loss";
  vfs.szOsFile = static_cast<int>(sizeof(File)) + system_vfs()->szOsFile;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  STEWARD_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

}  // namespace steward::ledger
