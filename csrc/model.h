// GPT-2's forward pass. Read `Model::forward` first; src/gpt2/reference.py is the same in numpy.
#ifndef GPT2_MODEL_H_
#define GPT2_MODEL_H_

#include <map>
#include <string>
#include <vector>

#include "buffer.h"
#include "cache.h"
#include "kernels.h"
#include "matrix.h"
#include "threads.h"

namespace gpt2 {

struct Linear {
  Matrix weight;
  std::vector<float> bias;
};

struct Norm {
  std::vector<float> gain, bias;
};

struct Layer {
  Norm before_attention, before_mlp;
  Linear qkv, joined, up, down;  // c_attn, attn.c_proj, c_fc, mlp.c_proj
};

// One new token: which one, and where it goes.
struct Token {
  int id, row, position;
};

// New tokens, those of a row together and in order; `picked` are the ones whose logits are wanted.
struct Batch {
  std::vector<Token> tokens;
  std::vector<int> picked;
  int size() const { return static_cast<int>(tokens.size()); }
};

class Model {
 public:
  // Throws Error for a shape or an option that cannot be.
  Model(const gpt2_shape& shape, const gpt2_options& options);

  // Most tokens one forward pass takes; longer inputs go in pieces, with the same results.
  static constexpr int kMostTokens = 256;

  void set(const std::string& name, gpt2_dtype dtype, const void* data, const int64_t* dims,
           int rank);
  void set_packed(const std::string& name, const void* bytes, size_t size);
  const Matrix& packed(const std::string& name);
  // Throws Error with the names of tensors that were never set.
  void require_complete();

  // Appends the batch to the cache, whose lengths it leaves alone, and writes the logits of the
  // picked tokens, [picked, vocabulary].
  void forward(const Batch& batch, Cache& cache, float* logits);

  const gpt2_shape& shape() const { return shape_; }
  const gpt2_options& options() const { return options_; }
  const Kernels& kernels() const { return kernels_; }
  int threads() const { return team_.threads(); }
  size_t weight_bytes() const;

 private:
  // What one named tensor of the checkpoint fills.
  struct Place {
    Matrix* matrix;              // either this: [outputs, inputs]
    std::vector<float>* vector;  // or this: [rows, columns] as it is
    bool transposed;             // the checkpoint has the matrix as [inputs, outputs]
    int rows, columns;           // as the checkpoint has them; rows 0 for a vector
  };
  // A matrix's inputs, as its kernels take them.
  struct Inputs {
    const float* floats;
    const int16_t* whole;
    const float* scales;
    size_t stride;
    int rows;
  };
  // Memory of one worker.
  struct Desk {
    Buffer scratch, products, row, whole, scores, mixed;
    float scale;
  };

  void name_places();
  Place& place(const std::string& name);

  void embed(const Worker& worker, const Batch& batch);
  void attention(const Worker& worker, const Batch& batch, Cache& cache, int layer);
  void mlp(const Worker& worker, const Batch& batch, const Layer& layer);
  void head(const Worker& worker, const Batch& batch, float* logits);
  void attend(const Worker& worker, const Batch& batch, Cache& cache, int layer, Range run,
              int head);
  Inputs prepare(const Worker& worker, const Matrix& matrix, const float* x, int width,
                 const Norm* norm, const std::vector<int>* picked, int rows);
  void multiply(const Worker& worker, const Matrix& matrix, const Inputs& inputs, Finish finish);
  float attention_scale(int layer) const;

  gpt2_shape shape_;
  gpt2_options options_;
  const Kernels& kernels_;
  Team team_;

  Matrix tokens_, untied_head_;
  std::vector<float> positions_;  // [positions, width]
  std::vector<Layer> layers_;
  Norm last_;
  std::map<std::string, Place> places_;

  // Activations of a batch, shared by the workers.
  Buffer stream_;          // [tokens, width]: the residual stream
  Buffer qkv_;             // [tokens, 3 width]
  Buffer joined_;          // [tokens, width]: the heads' results side by side
  Buffer hidden_;          // [tokens, inner]
  Buffer rows_;            // [tokens, width]: normalised
  Buffer whole_, scales_;  // [tokens, padded inputs], [tokens]: quantised
  std::vector<Desk> desks_;
  std::vector<Range> runs_;  // the batch's tokens cut by row
};

}  // namespace gpt2

#endif  // GPT2_MODEL_H_
