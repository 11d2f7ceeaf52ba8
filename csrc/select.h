// Choosing tokens from logits: the k largest, or one drawn at random. This is a fast version of
// src/gpt2/generation/sampling.py and warpers.py, which define what is chosen.
//
// A probability is an integer, `weight`: exp(score - best score) in units of 2^-30. Sums of
// integers are exact in any order, so the parts of a row may be summed in parallel, and every
// machine and every engine draws the same token from the same logits.
#ifndef GPT2_SELECT_H_
#define GPT2_SELECT_H_

#include <cstdint>
#include <vector>

#include "buffer.h"
#include "exact_head.h"
#include "kernels.h"
#include "threads.h"

namespace gpt2 {

constexpr int kMostTop = 128;  // the largest k for `top`
// A row is split into parts of this many scores; each part's maximum and sum are kept.
constexpr int kPart = 64;
// Weights are sorted into this many buckets to find where a probability mass is reached.
constexpr int kBuckets = 2048;
constexpr int kTables = 2;           // bucket tables per worker
constexpr int32_t kWhole = 1 << 30;  // the weight of the best score

// What a cut keeps: scores above `least`, and scores equal to it from id `first` on, that have at
// least this weight.
struct Cut {
  float least;
  int first;
  int32_t weight;
};

// How logits become weights. Scores below `least` get the weight 0, as do weights below
// `least_weight`.
struct Weighing {
  float temperature, best, least;  // best: the best score
  int32_t least_weight;
  const float* largest;  // the largest logit of each part
};

// The loops over a vocabulary, one set per instruction set. They work on parts [begin, end) of a
// row of n scores; the last part may be shorter.
struct SelectLoops {
  // The largest of each part, ignoring NaN; returns whether there was a NaN.
  bool (*maxima)(const float* x, int n, int begin, int end, float* largest);
  // Turns logits x into scores, in place, and writes their weights and each part's sum of weights.
  void (*weigh)(const Weighing& in, float* x, int n, int begin, int end, int32_t* weights,
                int64_t* sums);
  // Writes the bucket of each score in parts with a weight, and adds the weights to the buckets'
  // masses.
  void (*spread)(const float* scores, int n, int begin, int end, float best, const int32_t* weights,
                 const int64_t* sums, uint16_t* bucket, int64_t* masses);
  // Zeroes the weights of what the cut removes, and recomputes each part's sum.
  void (*cut)(const float* scores, int n, int begin, int end, const Cut& cut, int32_t* weights,
              int64_t* sums);
};

// Throws Error for invalid sampling options.
void require_sampling(const gpt2_sampling& sampling);

// The loops that go with the kernels of this name.
const SelectLoops& find_select_loops(const char* kernels);

// exp(d) in units of 2^-30, rounded; d <= 0.
int32_t weight(float d);

class Selector {
 public:
  Selector(const Kernels& kernels, int vocabulary);

  int vocabulary() const { return n_; }
  // A buffer for the logits [rows, vocabulary] to choose from; draws for which `is_few` is false
  // overwrite it.
  float* logits(int rows);

  // The k largest of one line of the logits: ids and logits [k], largest first, ties by lower id,
  // NaN before all. k is at most kMostTop and at most the vocabulary size.
  struct Top {
    int line, k;
    int32_t* ids;
    float* values;
  };
  void top(ThreadPool& pool, const std::vector<Top>& wanted);
  // The same for the first lines: [rows, k].
  void top(ThreadPool& pool, int rows, int k, int32_t* ids, float* values);

  // The logits that can affect a draw; all others may be -infinity.
  Largest needed(const gpt2_sampling& sampling) const;

  // Whether top_k leaves so few tokens that they are processed one by one.
  bool is_few(const gpt2_sampling& sampling) const;

  // Draws one token of a line by noise in [0, 1); -1 if its best logit is not finite or one is NaN.
  struct Draw {
    int line;
    const gpt2_sampling* sampling;
    double noise;
    int32_t* token;
  };
  void draw(ThreadPool& pool, const std::vector<Draw>& wanted);
  // The same for the first lines, all with one sampling. Throws Error if one is -1.
  void draw(ThreadPool& pool, int rows, const gpt2_sampling& sampling, const double* noise,
            int32_t* tokens);

  // The weights of n scores, the best of which is taken to be 0.
  void weights(int n, const float* scores, int32_t* weights) const;

 private:
  struct Pick {
    int id;
    float score;
    int32_t weight;
  };
  struct Row {
    int line;  // of the logits
    const gpt2_sampling* sampling = nullptr;
    bool few = false;  // is_few
    float best;        // of the scores
    float least;       // top_k removes scores below it
    float bound;       // the picks hold all logits that reach it
    bool finite;       // the best score is finite, and no logit is NaN
    Cut cut = {};
    std::vector<Pick> picks, sorted;
    std::vector<float> scratch;
  };
  float* row_logits(int row) {
    return logits_.as<float>() + static_cast<size_t>(rows_[row].line) * n_;
  }
  int32_t* row_weights(int row) { return weights_.as<int32_t>() + static_cast<size_t>(row) * n_; }
  uint16_t* row_buckets(int row) { return buckets_.as<uint16_t>() + static_cast<size_t>(row) * n_; }
  float* row_maxima(int row) { return maxima_.data() + static_cast<size_t>(row) * parts_; }
  int64_t* row_sums(int row) { return sums_.data() + static_cast<size_t>(row) * parts_; }
  int64_t* masses(size_t worker, int row, int rows) {
    return masses_.data() + (worker * rows + row) * kTables * kBuckets;
  }
  void start(ThreadPool& pool, int rows);
  void find_maxima(const Worker& worker, int rows);
  bool has_nan(int row, int rows) const;
  float bound(int row, int k);
  void collect(int row, float least, float temperature);
  void top_row(int row, int k, bool nan, int32_t* ids, float* values);
  bool by_mass(int row) const { return !rows_[row].few && rows_[row].sampling->top_p < 1; }
  void make_room(ThreadPool& pool, int rows);
  void prepare(int row, int rows, const gpt2_sampling& sampling);
  void keep_few(int row, float temperature);
  void draw_few(int row, const gpt2_sampling& sampling, double noise, int32_t* token);
  void weigh(const Worker& worker, int rows);
  void collect_bucket(int row, int part, uint16_t bucket);
  Cut find_cut(int row, int rows, const gpt2_sampling& sampling);
  int find(int row, double noise);
  static void warp_picks(Row& row, const gpt2_sampling& sampling);
  static int32_t least_weight(const gpt2_sampling& sampling);
  static Pick reached(std::vector<Pick>& picks, int64_t sum, int64_t above, double p);
  template <class Work>
  void each_row(const Worker& worker, int rows, const Work& work);
  template <class Work>
  void each_run(const Worker& worker, int rows, const Work& work);

  const SelectLoops& loops_;
  const int n_, parts_;
  Buffer logits_, weights_, buckets_;  // [rows, n]
  std::vector<float> maxima_;          // [rows, parts]
  std::vector<int64_t> sums_;          // [rows, parts]
  std::vector<uint8_t> nan_;           // [workers, rows]: whether there was a NaN
  std::vector<int64_t> masses_;        // [workers, rows, tables, buckets]
  std::vector<Row> rows_;
  std::vector<Top> tops_;  // for the first lines
  std::vector<Draw> draws_;
};

}  // namespace gpt2

#endif  // GPT2_SELECT_H_
