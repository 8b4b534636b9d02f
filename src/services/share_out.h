// Work in pieces, on several threads at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <future>
#include <vector>

namespace plenoptic::services {

/// Runs `work(thread, i)` for i from 0 to `count`, each on whichever of the threads is free. What one throws comes through when all are done.
template <typename Work>
void share_out(std::size_t thread_count, std::size_t count, Work work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::future<void>> threads;
  threads.reserve(thread_count);
  for (std::size_t thread = 0; thread < thread_count; ++thread)
    threads.push_back(std::async(std::launch::async, [&, thread] {
      for (std::size_t i = next++; i < count; i = next++) work(thread, i);
    }));
  for (auto& thread : threads) thread.wait();
  for (auto& thread : threads) thread.get();
}

}  // namespace plenoptic::services
