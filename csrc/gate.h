// Lets a process fork while other threads compute: calls in progress are waited for, new ones wait.
// A child then finds no engine in the middle of anything, whose memory and locks nobody would ever
// finish with.
#ifndef GPT2_GATE_H_
#define GPT2_GATE_H_

#if GPT2_THREADS
#include <condition_variable>
#include <mutex>
#endif

namespace gpt2 {

#if GPT2_THREADS

class Gate {
 public:
  // Around every call, for the thread's outermost one.
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

  // Before a fork: returns when no call but the `running_here` of this thread runs. One at a time.
  void close(int running_here) {
    std::unique_lock<std::mutex> lock(mutex_);
    open_.wait(lock, [&] { return !forking_; });
    forking_ = true;
    quiet_.wait(lock, [&] { return running_ == running_here; });
  }
  // After it, in the parent. A child needs another gate: here threads wait that it does not have.
  void open() {
    std::lock_guard<std::mutex> lock(mutex_);
    forking_ = false;
    open_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable open_, quiet_;
  int running_ = 0;
  bool forking_ = false;
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
