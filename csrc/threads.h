// A pool of threads that run one function together (SPMD): each thread takes its share, and they
// synchronize at barriers. Between calls the helper threads spin briefly, then sleep.
#ifndef GPT2_THREADS_H_
#define GPT2_THREADS_H_

#include <cstdint>
#include <functional>
#include <memory>

namespace gpt2 {

class ThreadPool;

struct Range {
  int begin, end;
};

// One thread of the pool, as seen by the function it runs.
class Worker {
 public:
  Worker(ThreadPool* pool, int index, int count) : pool_(pool), index_(index), count_(count) {}
  int index() const { return index_; }
  int count() const { return count_; }
  // This worker's contiguous share of [0, n).
  Range share(int n) const {
    const auto cut = [&](int i) {
      return static_cast<int>(static_cast<long long>(n) * i / count_);
    };
    return {cut(index_), cut(index_ + 1)};
  }
  // The next piece of the work since the last barrier that no worker has taken. A worker starts
  // with the piece of its own index; slow workers take fewer pieces:
  //   for (int i = worker.index(); i < pieces; i = worker.take()) ...
  int take() const;
  // Returns when every worker has arrived; what they wrote before is then visible to all.
  void barrier() const;

 private:
  ThreadPool* pool_;
  int index_, count_;
};

class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  int threads() const { return threads_; }
  // Runs `work` once on each worker and returns when all have finished. One caller at a time. Also
  // works in a forked child: the threads, which fork does not copy, are started again.
  void run(const std::function<void(const Worker&)>& work);

 private:
  friend class Worker;
  struct State;
  int threads_;
  std::unique_ptr<State> state_;
};

}  // namespace gpt2

#endif  // GPT2_THREADS_H_
