// How probable tokens are: blocks of logits and the whole engine against sums in double precision.
#include "logprob.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "small_model.h"

namespace {

using gpt2::Logprobs;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Less than a vector, whole panels, whole blocks and their ends on either side; in the last more
// blocks than are added up at a time.
constexpr int kVocabularies[] = {1, 5, 16, 53, 191, 192, 193, 400, 3100};

struct Judged {
  std::vector<float> logprobs;
  std::vector<uint8_t> greedy;
};

// Of one row of logits, by the definition.
double wanted_logprob(const float* logits, int n, int target) {
  const double best = *std::max_element(logits, logits + n);
  double sum = 0;
  for (int i = 0; i < n; i++) sum += std::exp(logits[i] - best);
  return logits[target] - best - std::log(sum);
}

bool wanted_greedy(const float* logits, int n, int target) {
  return std::max_element(logits, logits + n) - logits == target;  // the first of equals
}

void check_row(const float* logits, int n, int target, float logprob, bool greedy) {
  const double wanted = wanted_logprob(logits, n, target);
  CHECK(logprob == logprob);
  if (std::fabs(wanted) > std::numeric_limits<float>::max()) {
    CHECK(logprob == -kInfinity);
  } else {
    CHECK(std::fabs(logprob - wanted) <= 3e-6 * std::max(1.0, std::fabs(wanted)));
  }
  CHECK(greedy == wanted_greedy(logits, n, target));
}

// Rows of logits as the head's blocks give them, or as whole rows; targets anywhere.
Judged judge(const gpt2::Kernels& kernels, int threads, const std::vector<float>& logits, int n,
             const std::vector<int32_t>& targets, bool by_blocks) {
  const int rows = static_cast<int>(targets.size());
  Logprobs found(kernels, n);
  CHECK(found.blocks() * Logprobs::kOutputs >= n);
  gpt2::ThreadPool team(threads);
  found.start(targets.data(), rows);
  if (by_blocks) {
    team.run([&](const gpt2::Worker& worker) {
      std::vector<float> block(Logprobs::kOutputs);
      for (int b = worker.index(); b < found.blocks(); b = worker.take()) {
        for (int r = 0; r < rows; r++) {
          const float* from = logits.data() + static_cast<size_t>(r) * n + b * Logprobs::kOutputs;
          std::copy(from, from + found.width(b), block.begin());
          found.take(b, r, block.data());
        }
      }
      worker.barrier();
      const gpt2::Range share = worker.share(rows);
      for (int r = share.begin; r < share.end; r++) found.finish(r);
    });
  } else {
    found.reduce(team, logits.data());
  }
  Judged judged;
  for (int r = 0; r < rows; r++) {
    judged.logprobs.push_back(found.logprob(r));
    judged.greedy.push_back(found.greedy(r));
  }
  return judged;
}

// Logits of several kinds: ordinary, far apart, all equal, of the largest size, most impossible.
std::vector<float> kind_of_row(Random& random, int n, int kind) {
  auto x = random.normals(static_cast<size_t>(n), kind == 1 ? 40.0f : 3.0f);
  const auto any = [&]() -> float& { return x[static_cast<size_t>(random.below(n))]; };
  if (kind == 2) std::fill(x.begin(), x.end(), random.normal());
  if (kind == 3) {
    for (float& value : x) value = random.below(2) ? 1e30f : -1e30f;
  }
  if (kind == 4) any() = std::numeric_limits<float>::max(), any() = -3e38f;
  if (kind == 5) {
    std::fill(x.begin(), x.end(), -kInfinity);
    any() = any() = random.normal();
  }
  if (kind == 6) any() = any() = *std::max_element(x.begin(), x.end());  // it comes twice
  return x;
}

void rows_of_logits() {
  Random random(11);
  for (const int n : kVocabularies) {
    std::vector<float> logits;
    std::vector<int32_t> targets;
    for (int turn = 0; turn < 42; turn++) {
      const auto row = kind_of_row(random, n, turn % 7);
      const auto best = std::max_element(row.begin(), row.end());
      const auto last = std::find(row.rbegin(), row.rend(), *best).base() - 1;  // of equals
      logits.insert(logits.end(), row.begin(), row.end());
      const auto largest = (turn % 3 == 1 ? best : last) - row.begin();
      targets.push_back(turn % 3 ? static_cast<int32_t>(largest) : random.below(n));
    }
    Judged first;
    for (const char* table : kTables) {
      const gpt2::Kernels* kernels = gpt2::find_kernels(table);
      if (!kernels) continue;
      for (const int threads : {1, 2}) {
        for (const bool by_blocks : {true, false}) {
          const Judged judged = judge(*kernels, threads, logits, n, targets, by_blocks);
          if (first.greedy.empty()) first = judged;
          CHECK(same_bits(judged.logprobs, first.logprobs));
          CHECK(judged.greedy == first.greedy);
        }
      }
    }
    for (size_t r = 0; r < targets.size(); r++) {
      check_row(logits.data() + r * n, n, targets[r], first.logprobs[r], first.greedy[r]);
    }
  }
}

// What no probability can be made of is NaN, and never greedy.
void no_probabilities() {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    for (const int at : {0, 250, 399}) {
      std::vector<float> logits(400, bad == -kInfinity ? bad : 1.0f);
      logits[static_cast<size_t>(at)] = bad;
      for (const int32_t target : {0, 399}) {
        const Judged judged =
            judge(*gpt2::find_kernels(nullptr), 1, logits, 400, {target}, target == 0);
        CHECK(judged.logprobs[0] != judged.logprobs[0] && !judged.greedy[0]);
      }
    }
  }
}

// Rows of a cache are judged, each with its own number of tokens.
Judged extend_judged(const Engine& engine, const Memory& memory, const std::vector<int32_t>& into,
                     const Rows& ids, const Rows& targets) {
  std::vector<int32_t> counts, flat, wanted;
  for (size_t i = 0; i < ids.size(); i++) {
    counts.push_back(static_cast<int32_t>(ids[i].size()));
    flat.insert(flat.end(), ids[i].begin(), ids[i].end());
    wanted.insert(wanted.end(), targets[i].begin(), targets[i].end());
  }
  Judged judged = {std::vector<float>(flat.size()), std::vector<uint8_t>(flat.size())};
  CHECK(gpt2_extend_logprobs(engine.get(), memory.get(), static_cast<int32_t>(into.size()),
                             into.data(), counts.data(), flat.data(), wanted.data(),
                             judged.logprobs.data(), judged.greedy.data()) == GPT2_OK);
  return judged;
}

void ragged_rows() {
  Random random(12);
  const int V = kAwkward.vocabulary;
  for (const int dtype : {GPT2_F32, GPT2_F16, GPT2_INT8, GPT2_INT4}) {
    const Engine one = new_engine(kAwkward, {dtype, dtype, GPT2_F16, 1, nullptr});
    const Engine two = new_engine(kAwkward, {dtype, dtype, GPT2_F16, 2, nullptr});
    for (int turn = 0; turn < 6; turn++) {
      Rows ids, targets;
      for (int r = 0; r < 3; r++) {
        ids.push_back(random_rows(random, 1, random.from(1, 20), V)[0]);
        targets.push_back(random_rows(random, 1, static_cast<int>(ids[r].size()), V)[0]);
        for (int32_t& target : targets[r]) {
          if (turn == 5 || random.below(3) == 0) target = -1;  // in the last turn all
        }
      }
      const auto logits = extend(one, new_memory(one, 3, 40), V, {0, 1, 2}, ids);
      const Memory memory = new_memory(two, 3, 40);
      const Judged judged = extend_judged(one, new_memory(one, 3, 40), {2, 0, 1}, ids, targets);
      const Judged again = extend_judged(two, memory, {0, 1, 2}, ids, targets);
      CHECK(same_bits(judged.logprobs, again.logprobs) && judged.greedy == again.greedy);
      size_t at = 0;
      for (size_t r = 0; r < ids.size(); r++) {
        CHECK(gpt2_cache_length(memory.get(), static_cast<int32_t>(r)) ==
              static_cast<int32_t>(ids[r].size()));
        for (const int32_t target : targets[r]) {
          if (target < 0) {
            CHECK(judged.logprobs[at] == 0 && judged.greedy[at] == 0);
          } else {
            check_row(logits.data() + at * V, V, target, judged.logprobs[at], judged.greedy[at]);
          }
          at++;
        }
      }
    }
  }
}

}  // namespace

void test_logprob() {
  rows_of_logits();
  no_probabilities();
  ragged_rows();
}
