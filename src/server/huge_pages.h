// Memory in pages of 2 MiB, for servers with much of it: an index of a million records is looked at anywhere, and with pages of 4 KiB
// most of these looks cost the processor a walk through its page tables first (docs/decisions/0011-speed.md).
#pragma once

#include <cstddef>

namespace plenoptic::server {

/// From now on what the allocator takes from the system past so many bytes is asked for in huge pages, so that a small server stays as
/// small as it is. Without jemalloc, or where the system has none to give, nothing changes. Before the first thread, once.
void use_huge_pages_past(std::size_t bytes);

}  // namespace plenoptic::server
