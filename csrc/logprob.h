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

  // Room for the rows of one pass; targets [rows] are ids of the vocabulary.
  void start(const int32_t* targets, int rows);
  // Reduces one block of one row. Its logits are spent; there must be room for kOutputs.
  void take(int block, int row, float* logits);
  // When all blocks of the row were taken.
  void finish(int row);
  // The same from whole rows of logits [rows, vocabulary], which stay as they are.
  void reduce(ThreadPool& pool, const float* logits);

  // Of a finished row: the natural logarithm, NaN where the logits are not finite; and whether no
  // token is more probable, nor any of a lower id as probable.
  float logprob(int row) const { return rows_[row].logprob; }
  bool greedy(int row) const { return rows_[row].greedy; }

 private:
  struct Row {
    int32_t target;
    float own;   // the target's logit
    bool first;  // the first of its value in its block
    float logprob;
    bool greedy;
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
