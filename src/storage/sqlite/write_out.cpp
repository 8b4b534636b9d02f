#include "storage/sqlite/write_out.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace plenoptic::storage::sqlite {
namespace {

// Among a million records a checkpoint changes a page in each 30 KiB. So a step is some forty single pages, 0.3 ms of a disk that writes a hundred
// thousand a second; or a MiB in one piece, where all of it was changed. Smaller steps cost more time than they save.
constexpr off_t step_bytes = 1 << 20;

}  // namespace

WriteOut::~WriteOut() {
  if (file_ >= 0) ::close(file_);
}

void WriteOut::run() noexcept {
  if (file_ < 0) file_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  struct stat status{};
  if (file_ < 0 || ::fstat(file_, &status) != 0) return;
  for (off_t at = 0; at < status.st_size; at += step_bytes)
    if (::sync_file_range(file_, at, step_bytes, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) != 0) return;
}

}  // namespace plenoptic::storage::sqlite
