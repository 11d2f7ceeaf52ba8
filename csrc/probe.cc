#include "probe.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "buffer.h"

namespace gpt2 {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

double read_rate(const Kernels& kernels, ThreadPool& pool, size_t bytes, double seconds) {
  constexpr int kMostStreams = 8;
  const size_t unit = kMostStreams * 256;
  const size_t share = std::max(bytes / pool.threads() / unit, size_t{1}) * unit;  // per thread
  Buffer buffer(share * pool.threads());
  pool.run([&](const Worker& worker) {  // untouched pages are not allocated yet
    std::memset(buffer.as() + worker.index() * share, 1, share);
  });
  double best = 0;
  const auto begin = Clock::now();
  do {
    for (int streams = 1; streams <= kMostStreams; streams *= 2) {
      const auto start = Clock::now();
      pool.run([&](const Worker& worker) {
        const uint8_t* part = buffer.as() + worker.index() * share;
        volatile int32_t sum = kernels.read_streams(part, streams, share / streams);
        (void)sum;
      });
      best = std::max(best, static_cast<double>(share * pool.threads()) / since(start));
    }
  } while (since(begin) < seconds);
  return best;
}

double multiply_rate(const Kernels& kernels, ThreadPool& pool, double seconds) {
  constexpr int kRounds = 100000;  // a few milliseconds
  double best = 0;
  const auto begin = Clock::now();
  do {
    double count = 0;  // the same for each worker
    const auto start = Clock::now();
    pool.run([&](const Worker& worker) {
      float result;
      const double rate = kernels.multiply_adds(kRounds, &result);
      volatile float keep = result;
      (void)keep;
      if (worker.index() == 0) count = rate * pool.threads();
    });
    best = std::max(best, count / since(start));
  } while (since(begin) < seconds);
  return best;
}

}  // namespace gpt2
