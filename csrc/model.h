// GPT-2's forward pass. Read `Model::forward` first; src/gpt2/reference.py is the same in numpy.
#ifndef GPT2_MODEL_H_
#define GPT2_MODEL_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"
#include "cache.h"
#include "exact_head.h"
#include "kernels.h"
#include "logprob.h"
#include "matrix.h"
#include "threads.h"

namespace gpt2 {

// The score of a masked position: its exponential is 0 next to any other score.
constexpr float kNever = -3.4028234e38f;

struct Linear {
  Matrix weight;
  std::vector<float> bias;
};

struct Norm {
  std::vector<float> gain, bias;
};

struct Layer {
  Norm before_attention, before_mlp;
  Linear qkv, attn_out, up, down;  // c_attn, attn.c_proj, c_fc, mlp.c_proj
};

// One new token: which one, and where it goes.
struct Token {
  int id, row, position;
};

// New tokens, grouped by row and in order; `picked` are the ones whose logits are requested.
struct Batch {
  std::vector<Token> tokens;
  std::vector<int> picked;
  int size() const { return static_cast<int>(tokens.size()); }
};

// The parts that the forward pass leaves out: see gpt2_omissions.
struct Omissions {
  std::vector<bool> heads, attention, mlps;  // [layers * heads], [layers], [layers]
  std::vector<int> hidden;                   // positions, ascending
  bool position_embeddings = false;
};

class Model {
 public:
  // Throws Error for an invalid shape or option.
  Model(const gpt2_shape& shape, const gpt2_options& options);

  // The most tokens in one forward pass; longer inputs are processed in pieces, with the same
  // results.
  static constexpr int kMostTokens = 256;

  void set(const std::string& name, gpt2_dtype dtype, const void* data, const int64_t* dims,
           int rank);
  void set_packed(const std::string& name, const void* bytes, size_t size);
  const Matrix& packed(const std::string& name);
  // Takes over all tensors of a model of the same shape; matrices are shared in place.
  void share(const Model& other);
  // Rows of a tensor (a matrix's outputs), as floats.
  void rows(const std::string& name, int first, int count, float* to);
  // Throws Error with the names of tensors that were never set.
  void require_complete();

  // Appends the batch to the cache without changing its lengths, and writes the logits of the
  // picked tokens, [picked, vocabulary]. Logits outside `wanted` may be -infinity.
  void forward(const Batch& batch, Cache& cache, float* logits, const Largest& wanted = {});
  // The same, but reduces the logits of the picked tokens (at least one) to the probabilities of
  // their targets, with which `logprobs` was started. Not with a tap.
  void forward(const Batch& batch, Cache& cache, Logprobs& logprobs);

  // The logits of n rows of a residual stream, [n, vocabulary].
  void logits(int n, const float* hidden, float* logits);

  // Lets `tap` see every named point of later passes, which then take any number of tokens.
  void set_tap(gpt2_tap tap, void* context);
  bool tapped() const { return tap_ != nullptr; }
  void omit(const gpt2_omissions* omissions);
  // The layer at which passes with a tap begin: see gpt2_engine_begin.
  void begin(int layer, int tokens, const float* hidden);

  const gpt2_shape& shape() const { return shape_; }
  const gpt2_options& options() const { return options_; }
  const Kernels& kernels() const { return kernels_; }
  int threads() const { return pool_.threads(); }
  ThreadPool& pool() { return pool_; }
  size_t weight_bytes() const;
  ExactHead::Counts rescored() const { return exact_ ? exact_->counts() : ExactHead::Counts(); }

 private:
  // Where one named tensor of the checkpoint is stored.
  struct Place {
    Matrix* matrix;              // either this: [outputs, inputs]
    std::vector<float>* vector;  // or this: [rows, columns], as in the checkpoint
    bool transposed;             // the checkpoint stores the matrix as [inputs, outputs]
    int rows, columns;           // as in the checkpoint; rows is 0 for a vector
  };
  // The inputs of a matrix in the form that its kernels take.
  struct Inputs {
    const float* floats;
    const uint8_t* quantized;
    const Step* steps;
    size_t stride;
    int rows;
  };
  // Scratch memory of one worker.
  struct Workspace {
    Buffer scratch, products, row, quantized, scores, weighted, block;
    Step step;
  };
  // A tile of attention: a few tokens of one row in one head, and their scores, [rows, seen].
  struct Tile {
    Cache::Head memory;
    int layer, head;
    int first, rows;  // tokens of the batch
    int seen;         // positions visible to them, from 0 on
    float* scores;
    size_t stride;
  };
  // The intermediate results that a pass with a tap stores so that they can be inspected.
  struct Open;

  void name_places();
  Place& place(const std::string& name);
  // Allocates the buffers for the activations of this many tokens.
  void make_room(int tokens);
  void cut_rows(const Batch& batch);

  // The residual stream of the batch after the last layer.
  void layers(const Worker& worker, const Batch& batch, Cache& cache);
  void embed(const Worker& worker, const Batch& batch);
  void attention(const Worker& worker, const Batch& batch, Cache& cache, int layer);
  void mlp(const Worker& worker, const Batch& batch, int layer);
  void head(const Worker& worker, const float* x, const Norm* norm, const std::vector<int>* picked,
            int rows, float* logits);
  void head(const Worker& worker, const std::vector<int>& picked, Logprobs& logprobs);
  void attend(const Worker& worker, const Batch& batch, Cache& cache, int layer, Range run,
              int head);
  void store_kv(const Batch& batch, Cache& cache, const Cache::Head& memory, Range run, int head);
  void score(const Batch& batch, const Cache& cache, const Tile& tile);
  void scale_rows(const Tile& tile, const float* factors);
  void weighted_sum(const Cache& cache, const Tile& tile, const float* sums, float* weighted);
  ExactHead* exact_head(int rows, int k);
  void forget_exact_head();
  Inputs prepare(const Worker& worker, const Matrix& matrix, const float* x, int width,
                 const Norm* norm, const std::vector<int>* picked, int rows);
  // Multiplies the pieces that this worker takes; or `count` panels.
  void multiply(const Worker& worker, const Matrix& matrix, const Inputs& inputs,
                const Finish& finish);
  void multiply(const Worker& worker, const Matrix& matrix, int panel, int count,
                const Inputs& inputs, Finish finish);
  // The same if `out` and `bias` begin with these panels.
  void multiply_here(const Worker& worker, const Matrix& matrix, int panel, int count,
                     const Inputs& inputs, Finish finish);
  int piece(const Worker& worker, const Matrix& matrix, int rows) const;
  const Matrix& head() const { return shape_.tied ? tokens_ : untied_head_; }
  float attention_scale(int layer) const;

  // The same pass, step by step (model_tapped.cc).
  void forward_tapped(const Batch& batch, Cache& cache, float* logits);
  void attention_tapped(const Batch& batch, Cache& cache, int layer, Open& open);
  void attend_tapped(const Batch& batch, Cache& cache, int layer, Open& open);
  template <class Work>
  void each_head(const Batch& batch, const Cache& cache, int layer, const Work& work);
  template <class Work>
  void each_tile(const Batch& batch, const Cache& cache, int layer, float* scores, size_t stride,
                 const Work& work);
  void mlp_tapped(const Batch& batch, int layer, Open& open);
  void normalize(const Worker& worker, const Norm& norm, int rows, float* to);
  void add_to_stream(const float* x, int rows);
  bool show(const std::string& name, float* values, int width, int heads = 0,
            int64_t token_stride = 0, int64_t head_stride = 0);

  gpt2_shape shape_;
  gpt2_options options_;
  const Kernels& kernels_;
  ThreadPool pool_;

  Matrix tokens_, untied_head_;
  std::vector<float> positions_;  // [positions, width]
  std::vector<Layer> layers_;
  Norm last_;
  std::unique_ptr<ExactHead> exact_;  // created on first use
  std::atomic<size_t> exact_bytes_{0};
  bool exact_useless_ = false;  // turned off, or not possible with these weights
  std::map<std::string, Place> places_;

  gpt2_tap tap_ = nullptr;
  void* tap_context_ = nullptr;
  Omissions omissions_;
  int begin_ = 0;                     // the layer where passes begin
  std::vector<float> hidden_before_;  // [tokens, width]: the residual stream there

  // Activations of a batch, shared by the workers.
  int room_ = 0;              // their capacity in tokens
  Buffer stream_;             // [tokens, width]: the residual stream
  Buffer qkv_;                // [tokens, 3 width]
  Buffer attn_out_;           // [tokens, width]: the heads' outputs, concatenated
  Buffer hidden_;             // [tokens, inner]
  Buffer rows_;               // [tokens, width]: normalised
  Buffer quantized_, steps_;  // [tokens, padded inputs], [tokens]: quantised
  std::vector<Workspace> workspaces_;
  std::vector<Range> runs_;      // the batch's tokens, split by row
  std::vector<int32_t> counts_;  // and the number of tokens in each
};

}  // namespace gpt2

#endif  // GPT2_MODEL_H_
