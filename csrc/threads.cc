#include "threads.h"

#if GPT2_THREADS
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gpt2 {
namespace {

// Sets the IEEE defaults for this thread as long as it lives: another library may have enabled
// flush-to-zero for subnormals, which could change the generated text.
class PlainFloats {
 public:
#if defined(__x86_64__)
  PlainFloats() : before_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~PlainFloats() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  PlainFloats() {
    const uint64_t plain = 0;
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(plain));
  }
  ~PlainFloats() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

 private:
  uint64_t before_;
#else
  PlainFloats() {}
#endif
};

}  // namespace

#if GPT2_THREADS

namespace {

constexpr int kSpinsAtBarrier = 4000;  // about 50 microseconds
constexpr int kSpinsBeforeSleep =
    40000;  // about half a millisecond: sampling a token may take as long

// Whether each of `threads` threads can have a processor to spin on.
bool have_processors(int threads) {
  return threads <= static_cast<int>(std::thread::hardware_concurrency());
}

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

struct ThreadPool::State {
  explicit State(ThreadPool* pool);
  ~State();
  void serve(const Worker& worker);
  void wait_for_call(unsigned seen);
  void announce();
  void barrier(int threads);

  const pid_t process = getpid();
  const bool spins;  // before sleeping, unless a late thread may need this processor
  const std::function<void(const Worker&)>* work = nullptr;
  std::atomic<bool> stop{false};
  alignas(64) std::atomic<unsigned> call{0};  // counts the calls of run
  std::atomic<int> asleep{0};                 // helpers that sleep until a call
  alignas(64) std::atomic<int> arrived{0};
  alignas(64) std::atomic<unsigned> round{0};  // counts the barriers passed
  std::atomic<int> resting{0};                 // workers that sleep at a barrier
  alignas(64) std::atomic<int> next{0};        // the next piece to take
  std::mutex mutex;
  std::condition_variable wake, passed;
  std::vector<std::thread> helpers;
};

ThreadPool::State::State(ThreadPool* pool) : spins(have_processors(pool->threads_)) {
  try {
    for (int i = 1; i < pool->threads_; i++) {
      helpers.emplace_back([this, worker = Worker(pool, i, pool->threads_)] { serve(worker); });
    }
  } catch (...) {  // the system cannot start more threads: stop the running ones
    stop = true;
    announce();
    for (auto& helper : helpers) helper.join();
    throw;
  }
}

ThreadPool::State::~State() {
  stop = true;
  announce();
  for (auto& helper : helpers) helper.join();
}

void ThreadPool::State::serve(const Worker& worker) {
  const PlainFloats plain;
  for (unsigned seen = 0;; seen++) {
    wait_for_call(seen);
    if (stop) return;
    (*work)(worker);
    barrier(worker.count());
  }
}

void ThreadPool::State::wait_for_call(unsigned seen) {
  for (int i = 0; spins && i < kSpinsBeforeSleep; i++) {
    if (call.load(std::memory_order_acquire) != seen) return;
    pause();
  }
  std::unique_lock<std::mutex> lock(mutex);
  asleep++;
  wake.wait(lock, [&] { return call.load() != seen; });
  asleep--;
}

void ThreadPool::State::announce() {
  call++;
  if (asleep > 0) {
    std::lock_guard<std::mutex> lock(mutex);
    wake.notify_all();
  }
}

void ThreadPool::State::barrier(int threads) {
  const unsigned now = round.load(std::memory_order_relaxed);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) == threads - 1) {
    arrived.store(0, std::memory_order_relaxed);
    next.store(threads, std::memory_order_relaxed);
    round.store(now + 1);
    if (resting > 0) {
      std::lock_guard<std::mutex> lock(mutex);
      passed.notify_all();
    }
    return;
  }
  for (int i = 0; spins && i < kSpinsAtBarrier; i++) {
    if (round.load(std::memory_order_acquire) != now) return;
    pause();
  }
  std::unique_lock<std::mutex> lock(mutex);
  resting++;
  passed.wait(lock, [&] { return round.load() != now; });
  resting--;
}

ThreadPool::ThreadPool(int threads) : threads_(threads), state_(std::make_unique<State>(this)) {}

ThreadPool::~ThreadPool() {
  if (state_->process != getpid()) state_.release();  // a forked child has no helpers to join
}

void ThreadPool::run(const std::function<void(const Worker&)>& work) {
  if (state_->process != getpid()) {
    auto started = std::make_unique<State>(this);  // may fail, so before the old one is let go
    state_.release();
    state_ = std::move(started);
  }
  const PlainFloats plain;
  state_->work = &work;
  state_->next = threads_;
  state_->announce();
  work(Worker(this, 0, threads_));
  state_->barrier(threads_);
}

int Worker::take() const { return pool_->state_->next.fetch_add(1, std::memory_order_relaxed); }

void Worker::barrier() const {
  if (count_ > 1) {
    pool_->state_->barrier(count_);
  } else {
    pool_->state_->next = 1;
  }
}

#else  // one thread, as in WebAssembly

struct ThreadPool::State {
  int next = 1;
};

ThreadPool::ThreadPool(int) : threads_(1), state_(std::make_unique<State>()) {}
ThreadPool::~ThreadPool() = default;

void ThreadPool::run(const std::function<void(const Worker&)>& work) {
  const PlainFloats plain;
  state_->next = 1;
  work(Worker(this, 0, 1));
}

int Worker::take() const { return pool_->state_->next++; }

void Worker::barrier() const { pool_->state_->next = 1; }

#endif

}  // namespace gpt2
