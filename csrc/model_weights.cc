// What a model is made of: its shape, its tensors by their names in the checkpoint, its memory.
#include <algorithm>
#include <cstdint>

#include "error.h"
#include "model.h"

namespace gpt2 {
namespace {

gpt2_shape checked(const gpt2_shape& s) {
  const int sizes[] = {s.vocabulary, s.positions, s.width, s.layers, s.heads, s.inner};
  const int most = sizeof(size_t) > 4 ? 1 << 24 : 1 << 17;  // a batch of activations is addressable
  for (const int size : sizes) {
    require(size >= 1 && size <= most, GPT2_INVALID,
            "a size of the model must be from 1 to " + std::to_string(most) + ", found " +
                std::to_string(size));
  }
  require(s.width % s.heads == 0, GPT2_INVALID,
          "the width must be a multiple of the number of heads");
  require(s.activation >= GPT2_GELU_TANH && s.activation <= GPT2_TANH, GPT2_INVALID,
          "unknown activation " + std::to_string(s.activation));
  require(s.epsilon > 0, GPT2_INVALID, "epsilon must be above 0");
  return s;
}

gpt2_options checked(const gpt2_options& o) {
  for (const int dtype : {o.dtype, o.head_dtype}) {
    require(dtype >= GPT2_F32 && dtype <= GPT2_INT4, GPT2_INVALID,
            "unknown dtype " + std::to_string(dtype));
  }
  require(o.kv_dtype == GPT2_F32 || o.kv_dtype == GPT2_F16 || o.kv_dtype == GPT2_INT8, GPT2_INVALID,
          "keys and values must be F32, F16 or INT8, found " + std::to_string(o.kv_dtype));
  require(o.exact_head >= GPT2_EXACT_HEAD_AUTO && o.exact_head <= GPT2_EXACT_HEAD_OFF, GPT2_INVALID,
          "unknown exact_head " + std::to_string(o.exact_head));
  require(o.exact_head != GPT2_EXACT_HEAD_ON || o.head_dtype <= GPT2_BF16, GPT2_INVALID,
          "the exact head needs an output head of F32, F16 or BF16");
  require(o.threads >= 1 && o.threads <= 1024, GPT2_INVALID,
          "threads must be from 1 to 1024, found " + std::to_string(o.threads));
  return o;
}

const Kernels& chosen(const char* name) {
  const Kernels* kernels = find_kernels(name);
  require(kernels != nullptr, GPT2_INVALID,
          "this processor cannot run the kernels '" + std::string(name ? name : "") + "'");
  return *kernels;
}

std::string size_of(const int64_t* dims, int rank) {
  std::string text = "[";
  for (int i = 0; i < rank; i++) text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

}  // namespace

Model::Model(const gpt2_shape& shape, const gpt2_options& options)
    : shape_(checked(shape)),
      options_(checked(options)),
      kernels_(chosen(options.kernels)),
      pool_(options.threads),
      layers_(shape.layers),
      workspaces_(pool_.threads()) {
  options_.kernels = kernels_.name;
  name_places();
  omit(nullptr);
  make_room(kMostTokens);
}

void Model::make_room(int tokens) {
  if (tokens == room_) return;
  const size_t T = tokens, D = shape_.width, number = sizeof(float);
  const size_t widest = padded(std::max(shape_.width, shape_.inner), kGroup);
  const size_t head = padded(shape_.width / shape_.heads, kLanes);
  room_ = 0;  // until all buffers are allocated
  stream_ = Buffer(T * D * number);
  // Cache::put may read a vector past its end.
  qkv_ = Buffer((T * 3 * D + kLanes) * number, Pages::kLazy);
  attn_out_ = Buffer(T * D * number);
  hidden_ = Buffer(T * shape_.inner * number, Pages::kLazy);
  rows_ = Buffer(T * D * number);
  quantized_ = Buffer(T * widest);
  steps_ = Buffer(T * sizeof(Step));
  for (Workspace& space : workspaces_) {
    space.scratch = Buffer(kScratch);
    space.products = Buffer(T * kUnit * kLanes * number);
    space.block = Buffer(T * Logprobs::kOutputs * number, Pages::kLazy);
    space.row = Buffer(D * number);
    space.quantized = Buffer(widest);
    space.scores = Buffer(kernels_.rows * padded(shape_.positions, kLanes) * number);
    space.weighted = Buffer(kernels_.rows * head * number);
  }
  room_ = tokens;
}

void Model::omit(const gpt2_omissions* omissions) {
  const gpt2_omissions none = {}, &o = omissions ? *omissions : none;
  const auto flags = [](const uint8_t* from, int n) {
    return from ? std::vector<bool>(from, from + n) : std::vector<bool>(n, false);
  };
  Omissions left_out;
  left_out.heads = flags(o.heads, shape_.layers * shape_.heads);
  left_out.attention = flags(o.attention, shape_.layers);
  left_out.mlps = flags(o.mlps, shape_.layers);
  for (int i = 0; o.hidden && i < shape_.positions; i++) {
    if (o.hidden[i]) left_out.hidden.push_back(i);
  }
  left_out.position_embeddings = o.position_embeddings != 0;
  omissions_ = std::move(left_out);
}

void Model::name_places() {
  const int D = shape_.width, inner = shape_.inner;
  const auto matrix = [&](const std::string& name, Matrix& to, int rows, int columns, bool turn) {
    places_[name] = {&to, nullptr, turn, rows, columns};
  };
  const auto vector = [&](const std::string& name, std::vector<float>& to, int columns) {
    places_[name] = {nullptr, &to, false, 0, columns};
  };
  const auto linear = [&](const std::string& name, Linear& to, int inputs, int outputs) {
    matrix(name + ".weight", to.weight, inputs, outputs, true);
    vector(name + ".bias", to.bias, outputs);
  };
  const auto norm = [&](const std::string& name, Norm& to) {
    vector(name + ".weight", to.gain, D);
    vector(name + ".bias", to.bias, D);
  };
  matrix("transformer.wte.weight", tokens_, shape_.vocabulary, D, false);
  places_["transformer.wpe.weight"] = {nullptr, &positions_, false, shape_.positions, D};
  for (int i = 0; i < shape_.layers; i++) {
    const std::string layer = "transformer.h." + std::to_string(i);
    norm(layer + ".ln_1", layers_[i].before_attention);
    linear(layer + ".attn.c_attn", layers_[i].qkv, D, 3 * D);
    linear(layer + ".attn.c_proj", layers_[i].attn_out, D, D);
    norm(layer + ".ln_2", layers_[i].before_mlp);
    linear(layer + ".mlp.c_fc", layers_[i].up, D, inner);
    linear(layer + ".mlp.c_proj", layers_[i].down, inner, D);
  }
  norm("transformer.ln_f", last_);
  if (!shape_.tied) matrix("lm_head.weight", untied_head_, shape_.vocabulary, D, false);
}

Model::Place& Model::place(const std::string& name) {
  const auto place = places_.find(name);
  require(place != places_.end(), GPT2_WEIGHTS, "this model has no tensor '" + name + "'");
  return place->second;
}

void Model::set(const std::string& name, gpt2_dtype dtype, const void* data, const int64_t* dims,
                int rank) try {
  const Place& to = place(name);
  const bool flat = to.rows == 0;
  const bool fits = flat ? rank == 1 && dims[0] == to.columns
                         : rank == 2 && dims[0] == to.rows && dims[1] == to.columns;
  const int64_t expected[] = {to.rows, to.columns};
  require(fits, GPT2_WEIGHTS,
          name + " has the shape " + size_of(dims, rank) + ", expected " +
              size_of(expected + flat, 2 - flat));
  require(dtype >= GPT2_F32 && dtype <= GPT2_BF16, GPT2_WEIGHTS,
          name + " must be given as F32, F16 or BF16");
  const size_t columns = to.columns;
  if (to.matrix == nullptr) {
    std::vector<float> numbers(columns * (flat ? 1 : to.rows));
    read_numbers(dtype, data, numbers.size(), numbers.data());
    *to.vector = std::move(numbers);
    return;
  }
  forget_exact_head();
  const bool is_head = to.matrix == &tokens_ || to.matrix == &untied_head_;
  const auto kind = static_cast<gpt2_dtype>(is_head ? options_.head_dtype : options_.dtype);
  *to.matrix = to.transposed ? Matrix(kind, to.columns, to.rows, {dtype, data, 1, columns}, pool_)
                             : Matrix(kind, to.rows, to.columns, {dtype, data, columns, 1}, pool_);
} catch (const NotFinite& error) {
  throw Error(GPT2_WEIGHTS, "the tensor " + name + " holds " + error.what);
}

void Model::set_packed(const std::string& name, const void* bytes, size_t size) {
  const Place& to = place(name);
  require(to.matrix != nullptr, GPT2_WEIGHTS, name + " is not a matrix and is never packed");
  forget_exact_head();
  *to.matrix = to.transposed ? Matrix(bytes, size, to.columns, to.rows)
                             : Matrix(bytes, size, to.rows, to.columns);
}

const Matrix& Model::packed(const std::string& name) {
  const Place& from = place(name);
  require(from.matrix != nullptr && *from.matrix, GPT2_WEIGHTS, name + " has not been packed");
  return *from.matrix;
}

void Model::share(const Model& other) {
  for (auto& [name, to] : places_) {
    const Place& from = other.places_.at(name);
    if (from.matrix) {
      const Matrix& m = *from.matrix;
      *to.matrix = Matrix(m.bytes(), m.size(), m.outputs(), m.inputs());
    } else {
      *to.vector = *from.vector;
    }
  }
}

void Model::rows(const std::string& name, int first, int count, float* to) {
  const Place& from = place(name);
  const bool there = from.matrix ? static_cast<bool>(*from.matrix) : !from.vector->empty();
  require(there, GPT2_WEIGHTS, name + " has not been set");
  const int rows = from.matrix ? from.matrix->outputs() : std::max(from.rows, 1);
  require(first >= 0 && first <= rows && count >= 0 && count <= rows - first, GPT2_INVALID,
          name + " has " + std::to_string(rows) + " rows; cannot read " + std::to_string(count) +
              " starting at row " + std::to_string(first));
  const size_t wide = from.matrix ? from.matrix->inputs() : from.columns;
  for (int r = 0; r < count; r++, to += wide) {
    if (from.matrix) {
      from.matrix->row(first + r, to);
    } else {
      std::copy_n(from.vector->data() + (first + r) * wide, wide, to);
    }
  }
}

void Model::require_complete() {
  std::string missing;
  int count = 0;
  for (const auto& [name, to] : places_) {
    if (to.matrix ? static_cast<bool>(*to.matrix) : !to.vector->empty()) continue;
    if (count++ < 3) missing += (count > 1 ? ", " : "") + name;
  }
  require(count == 0, GPT2_WEIGHTS,
          std::to_string(count) + " tensors are missing, among them " + missing);
}

// The exact head if it applies to this call, created on first use; otherwise null.
ExactHead* Model::exact_head(int rows, int k) {
  if (k < 1 || k > ExactHead::kMostTop || rows < 1 || rows > ExactHead::kMostRows ||
      exact_useless_) {
    return nullptr;
  }
  if (!exact_) {
    const bool on = options_.exact_head == GPT2_EXACT_HEAD_ON && ExactHead::possible(head());
    const bool automatic = options_.exact_head == GPT2_EXACT_HEAD_AUTO && ExactHead::pays(head());
    const bool wanted = on || automatic;
    if (wanted) exact_ = std::make_unique<ExactHead>(head(), kernels_, pool_);
    if (exact_ && !exact_->sound()) exact_.reset();
    exact_useless_ = !exact_;
    exact_bytes_ = exact_ ? exact_->size() : 0;
  }
  return exact_.get();
}

void Model::forget_exact_head() {
  exact_.reset();
  exact_useless_ = false;
  exact_bytes_ = 0;
}

size_t Model::weight_bytes() const {
  size_t bytes = exact_bytes_;
  for (const auto& [name, to] : places_) {
    bytes += to.matrix ? to.matrix->size() : to.vector->size() * sizeof(float);
  }
  return bytes;
}

}  // namespace gpt2
