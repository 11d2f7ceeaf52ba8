// Lets a process fork while other threads compute: the fork waits for running calls, and new calls
// wait for the fork. Otherwise a child could find an engine in the middle of a call, with memory
// and locks that no thread would ever release.
#ifndef GPT2_GATE_H_
#define GPT2_GATE_H_

#if GPT2_THREADS
#include <condition_variable>
#include <mutex>
#include <thread>
#endif

namespace gpt2 {

#if GPT2_THREADS

class Gate {
 public:
  // Called around each thread's outermost call.
  void enter() {
    std::unique_lock<std::mutex> lock(mutex_);
    open_.wait(lock, [&] { return !forking_; });
    running_++;
  }
  void leave() {
    std::lock_guard<std::mutex> lock(mutex_);
    running_--;
    if (forking_) quiet_.notify_one();
  }

  // Before a fork: returns once no call is running except the `running_here` of this thread. One
  // fork at a time; a caller's hooks may be registered twice, so calls of one thread nest.
  void close(int running_here) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto here = std::this_thread::get_id();
    open_.wait(lock, [&] { return !forking_ || forker_ == here; });
    forker_ = here;
    if (forking_++) return;
    quiet_.wait(lock, [&] { return running_ == running_here; });
  }
  // After a fork, in the parent. A child needs a new gate: threads that it does not have wait at
  // this one.
  void open() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (--forking_ == 0) open_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable open_, quiet_;
  int running_ = 0;
  int forking_ = 0;         // how often the thread that forks closed the gate
  std::thread::id forker_;  // that thread
};

#else  // one thread, as in WebAssembly

class Gate {
 public:
  void enter() {}
  void leave() {}
  void close(int) {}
  void open() {}
};

#endif

}  // namespace gpt2

#endif  // GPT2_GATE_H_
