// Requests for results after single tokens of one call, each with its own options: the rows of a
// server's batch.
#ifndef GPT2_ASK_H_
#define GPT2_ASK_H_

#include <vector>

#include "exact_head.h"
#include "gpt2.h"
#include "logprob.h"
#include "select.h"
#include "threads.h"

namespace gpt2 {

// Throws Error for an invalid ask; `tokens` is the number of new tokens in the call.
void require_asks(const Selector& selector, int tokens, int n, const gpt2_ask* asks, int k);

// Answers asks from their lines of logits, which are in the selector's buffer.
class Asker {
 public:
  Asker(Selector& selector, Logprobs& logprobs) : selector_(selector), logprobs_(logprobs) {}

  // The logits that can affect these asks; all others may be -infinity.
  Largest needed(const gpt2_ask* asks, int n) const;
  // The answers of n asks, whose logits are lines 0 to n - 1; `ids` and `values` are [n, k].
  void answer(ThreadPool& pool, const gpt2_ask* asks, int n, int k, gpt2_answer* answers,
              int32_t* ids, float* values);

 private:
  void judge(ThreadPool& pool, const gpt2_ask* asks, int n);
  void find_largest(ThreadPool& pool, const gpt2_ask* asks, int n, int k, gpt2_answer* answers,
                    int32_t* ids, float* values);
  void draw(ThreadPool& pool, const gpt2_ask* asks, int n, gpt2_answer* answers);

  Selector& selector_;
  Logprobs& logprobs_;
  std::vector<int> judged_;  // lines
  std::vector<int32_t> none_;
  std::vector<Selector::Top> tops_;
  std::vector<Selector::Draw> draws_;
  std::vector<int32_t> best_;      // [n]: the most probable token, for asks that need only that
  std::vector<float> best_value_;  // [n]
  std::vector<float> kept_;        // the logits of the scored tokens
};

}  // namespace gpt2

#endif  // GPT2_ASK_H_
