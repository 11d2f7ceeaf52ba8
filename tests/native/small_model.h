// A small model with random weights, through the C interface.
#ifndef GPT2_TESTS_SMALL_MODEL_H_
#define GPT2_TESTS_SMALL_MODEL_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "gpt2.h"

// Nothing divides by 16 here: vectors, panels and groups all have ends.
constexpr gpt2_shape kAwkward = {53, 40, 36, 2, 3, 50, GPT2_GELU, 1, 1, 0, 1e-5f};
// More than one call of the core takes at once, weights of more than one block.
constexpr gpt2_shape kLong = {64, 300, 64, 1, 2, 560, GPT2_GELU_TANH, 1, 0, 1, 1e-5f};

struct Tensor {
  std::vector<int64_t> dims;
  std::vector<float> values;
};
using Tensors = std::map<std::string, Tensor>;

inline Tensors random_tensors(const gpt2_shape& s, uint64_t seed = 1) {
  Tensors tensors;
  Random random(seed);
  const auto add = [&](const std::string& name, std::vector<int64_t> dims, float base = 0) {
    int64_t n = 1;
    for (const int64_t d : dims) n *= d;
    std::vector<float> values = random.normals(static_cast<size_t>(n), 0.1f);
    for (float& value : values) value += base;
    tensors[name] = {std::move(dims), std::move(values)};
  };
  const auto linear = [&](const std::string& name, int inputs, int outputs) {
    add(name + ".weight", {inputs, outputs});
    add(name + ".bias", {outputs});
  };
  const auto norm = [&](const std::string& name) {
    add(name + ".weight", {s.width}, 1);
    add(name + ".bias", {s.width});
  };
  add("transformer.wte.weight", {s.vocabulary, s.width});
  add("transformer.wpe.weight", {s.positions, s.width});
  for (int i = 0; i < s.layers; i++) {
    const std::string layer = "transformer.h." + std::to_string(i);
    norm(layer + ".ln_1");
    linear(layer + ".attn.c_attn", s.width, 3 * s.width);
    linear(layer + ".attn.c_proj", s.width, s.width);
    norm(layer + ".ln_2");
    linear(layer + ".mlp.c_fc", s.width, s.inner);
    linear(layer + ".mlp.c_proj", s.inner, s.width);
  }
  norm("transformer.ln_f");
  if (!s.tied) add("lm_head.weight", {s.vocabulary, s.width});
  return tensors;
}

struct FreeEngine {
  void operator()(gpt2_engine* engine) const { gpt2_engine_free(engine); }
};
struct FreeCache {
  void operator()(gpt2_cache* cache) const { gpt2_cache_free(cache); }
};
using Engine = std::unique_ptr<gpt2_engine, FreeEngine>;
using Memory = std::unique_ptr<gpt2_cache, FreeCache>;

inline bool set_tensor(gpt2_engine* engine, const std::string& name, const Tensor& tensor) {
  return gpt2_engine_set(engine, name.c_str(), GPT2_F32, tensor.values.data(), tensor.dims.data(),
                         static_cast<int32_t>(tensor.dims.size())) == GPT2_OK;
}

inline Engine empty_engine(const gpt2_shape& shape, const gpt2_options& options) {
  gpt2_engine* engine = nullptr;
  CHECK(gpt2_engine_new(&shape, &options, &engine) == GPT2_OK);
  return Engine(engine);
}

inline Engine new_engine(const gpt2_shape& shape, const gpt2_options& options) {
  Engine engine = empty_engine(shape, options);
  for (const auto& [name, tensor] : random_tensors(shape)) {
    CHECK(set_tensor(engine.get(), name, tensor));
  }
  return engine;
}

inline Memory new_memory(const Engine& engine, int rows, int capacity) {
  gpt2_cache* cache = nullptr;
  CHECK(gpt2_cache_new(engine.get(), rows, capacity, &cache) == GPT2_OK);
  return Memory(cache);
}

using Rows = std::vector<std::vector<int32_t>>;

// The logits after every new token; row i of `ids` goes to row into[i].
inline std::vector<float> extend(const Engine& engine, const Memory& memory, int vocabulary,
                                 const std::vector<int32_t>& into, const Rows& ids) {
  std::vector<int32_t> counts, flat;
  for (const auto& row : ids) {
    counts.push_back(static_cast<int32_t>(row.size()));
    flat.insert(flat.end(), row.begin(), row.end());
  }
  std::vector<float> logits(flat.size() * static_cast<size_t>(vocabulary));
  CHECK(gpt2_extend(engine.get(), memory.get(), static_cast<int32_t>(into.size()), into.data(),
                    counts.data(), flat.data(), GPT2_LOGITS_ALL, logits.data()) == GPT2_OK);
  return logits;
}

inline Rows random_rows(Random& random, int rows, int length, int vocabulary) {
  Rows found(static_cast<size_t>(rows));
  for (auto& row : found) {
    for (int i = 0; i < length; i++) row.push_back(random.below(vocabulary));
  }
  return found;
}

#endif  // GPT2_TESTS_SMALL_MODEL_H_
