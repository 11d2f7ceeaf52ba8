// How probable given tokens are, without their logits in memory: blocks of the head's outputs are
// reduced to their largest logit and the sum of their exponentials as soon as they are computed.
//
// Blocks have a fixed size and are added up in their order, so a result depends neither on the
// number of threads nor on the other rows of a batch.
#ifndef GPT2_LOGPROB_H_
#define GPT2_LOGPROB_H_

#include <cstdint>
#include <vector>

#include "kernels.h"
#include "select.h"
#include "threads.h"

namespace gpt2 {

class Logprobs {
 public:
  // Outputs of the head that are reduced together.
  static constexpr int kOutputs = kUnit * kLanes;

  Logprobs(const Kernels& kernels, int vocabulary);

  int blocks() const { return blocks_; }
  // The outputs of a block.
  int width(int block) const;

  // Room for the rows of one pass; targets [rows] are ids of the vocabulary, or -1 for none.
  void start(const int32_t* targets, int rows);
  // Reduces one block of one row. Its logits are spent; there must be room for kOutputs.
  void take(int block, int row, float* logits);
  // When all blocks of the row were taken.
  void finish(int row);
  // The same from whole rows of logits [rows, vocabulary], which stay as they are; row r's stand in
  // line lines[r] where lines are given.
  void reduce(ThreadPool& pool, const float* logits, const int* lines = nullptr);

  // Of a finished row: the natural logarithm, NaN where the logits are not finite; and whether no
  // token is more probable, nor any of a lower id as probable.
  float logprob(int row) const { return rows_[row].logprob; }
  bool greedy(int row) const { return rows_[row].greedy; }
  // ln of the sum of the exponentials of a row's logits is largest + log_sum; both make the natural
  // logarithm of the probability of any token from its logit.
  float largest(int row) const { return rows_[row].largest; }
  double log_sum(int row) const { return rows_[row].log_sum; }
  float logprob(int row, float logit) const {
    // One rounding to float hides by far what logarithms of libraries differ in.
    const Row& r = rows_[row];
    return static_cast<float>(static_cast<double>(logit) - r.largest - r.log_sum);
  }

 private:
  struct Row {
    int32_t target;
    float target_logit;
    bool first;  // the first of its value in its block
    float logprob;
    bool greedy;
    float largest = 0;
    double log_sum = 0;
  };
  struct Part {
    float largest, sum;
  };
  Part* parts(int row) { return parts_.data() + static_cast<size_t>(row) * blocks_; }

  const Kernels& kernels_;
  const SelectLoops& loops_;
  const int n_, blocks_;
  std::vector<Row> rows_;
  std::vector<Part> parts_;  // [rows, blocks]
};

}  // namespace gpt2

#endif  // GPT2_LOGPROB_H_
