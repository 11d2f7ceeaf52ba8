// Threads: engines side by side, callers that take turns, teams that come and go. For the thread
// sanitizer above all.
#include <atomic>
#include <thread>
#include <vector>

#include "small_model.h"
#include "threads.h"

namespace {

// Every barrier shows all workers what all wrote before it.
void barriers() {
  for (const int threads : {1, 2, 3, 5}) {
    gpt2::ThreadPool team(threads);
    const int n = team.threads();
    std::vector<int> turn(static_cast<size_t>(n), 0);
    for (int call = 0; call < 20; call++) {
      std::atomic<int> wrong{0};
      team.run([&](const gpt2::Worker& worker) {
        for (int step = 0; step < 20; step++) {
          turn[static_cast<size_t>(worker.index())] = call * 20 + step;
          worker.barrier();
          for (const int seen : turn) wrong += seen != call * 20 + step;
          worker.barrier();
        }
      });
      CHECK(wrong == 0);
    }
  }
}

void shares() {
  for (int count = 1; count < 6; count++) {
    for (int n = 0; n < 40; n++) {
      int end = 0;
      for (int i = 0; i < count; i++) {
        const gpt2::Range share = gpt2::Worker(nullptr, i, count).share(n);
        CHECK(share.begin == end && share.end >= end);
        end = share.end;
      }
      CHECK(end == n);
    }
  }
}

// Two engines of three threads, each called by two threads, all writing the same text.
void callers() {
  const gpt2_options options = {GPT2_INT8, GPT2_INT8, GPT2_F16, 3, nullptr};
  const Engine engines[] = {new_engine(kAwkward, options), new_engine(kAwkward, options)};
  const Rows text = {{1, 2, 3, 4, 5, 6, 7}};
  const auto wanted =
      extend(engines[0], new_memory(engines[0], 1, 9), kAwkward.vocabulary, {0}, text);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 5; turn++) {
        const Engine& engine = engines[i % 2];
        const Memory memory = new_memory(engine, 1, 9);
        wrong += !same_bits(extend(engine, memory, kAwkward.vocabulary, {0}, text), wanted);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace

void test_team() {
  shares();
  barriers();
  callers();
}
