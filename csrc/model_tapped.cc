// The forward pass step by step, each step shown to a tap before the next begins.
//
// It uses the parts of model.cc, but stores more between them, and all threads have finished a step
// when the tap is called. This costs time and memory, but changes no bit.
#include <algorithm>
#include <string>

#include "error.h"
#include "model.h"

namespace gpt2 {

struct Model::Open {
  Open(const gpt2_shape& shape, const Batch& batch) {
    for (const Token& token : batch.tokens) seen = std::max(seen, token.position + 1);
    stride = padded(seen, kLanes);
    const size_t T = batch.size(), number = sizeof(float);
    normal = Buffer(T * shape.width * number);
    output = Buffer(T * shape.width * number);
    scores = Buffer(T * shape.heads * stride * number);
    pattern = Buffer(T * shape.heads * stride * number);
    sums = Buffer(shape.heads * T * number);
  }
  int seen = 0;            // the most positions a token sees
  size_t stride;           // of a token's scores in one head
  Buffer normal, output;   // [tokens, width]: the output of a norm, of a block
  Buffer scores, pattern;  // [tokens, heads, stride]
  Buffer sums;             // [heads, tokens]: of the scores' exponentials
};

void Model::set_tap(gpt2_tap tap, void* context) {
  tap_ = tap;
  tap_context_ = context;
}

void Model::begin(int layer, int tokens, const float* hidden) {
  require(layer >= 0 && layer < shape_.layers, GPT2_INVALID,
          "layer " + std::to_string(layer) + " is out of range; the model has " +
              std::to_string(shape_.layers) + " layers");
  require(layer == 0 || tokens >= 1, GPT2_INVALID, "the residual stream needs at least one token");
  begin_ = layer;
  hidden_before_.clear();
  if (layer > 0) hidden_before_.assign(hidden, hidden + static_cast<size_t>(tokens) * shape_.width);
}

// Shows the tap [tokens, width] numbers, or [tokens, heads, width]. Returns true if it changed
// them.
bool Model::show(const std::string& name, float* values, int width, int heads, int64_t token_stride,
                 int64_t head_stride) {
  const gpt2_point point = {
      name.c_str(), values, static_cast<int32_t>(counts_.size()), counts_.data(),
      heads,        width,  token_stride ? token_stride : width,  head_stride};
  const int result = tap_(tap_context_, &point);
  require(result != GPT2_TAP_STOP, GPT2_STOPPED, "stopped at " + name);
  return result == GPT2_TAP_CHANGED;
}

void Model::forward_tapped(const Batch& batch, Cache& cache, float* logits) {
  const int T = batch.size(), D = shape_.width;
  Open open(shape_, batch);
  float* stream = stream_.as<float>();
  if (begin_ == 0) {
    pool_.run([&](const Worker& worker) { embed(worker, batch); });
    show("embed", stream, D);
  } else {
    require(hidden_before_.size() == static_cast<size_t>(T) * D, GPT2_INVALID,
            "the residual stream to begin with must have as many tokens as the call");
    std::copy(hidden_before_.begin(), hidden_before_.end(), stream);
  }
  for (int layer = begin_; layer < shape_.layers; layer++) {
    attention_tapped(batch, cache, layer, open);
    mlp_tapped(batch, layer, open);
    show("h." + std::to_string(layer), stream, D);
  }
  float *normal = open.normal.as<float>(), *chosen = open.output.as<float>();
  pool_.run([&](const Worker& worker) { normalize(worker, last_, T, normal); });
  show("ln_f", normal, D);
  const int picked = static_cast<int>(batch.picked.size());
  for (int i = 0; i < picked; i++) {
    std::copy_n(normal + static_cast<size_t>(batch.picked[i]) * D, D,
                chosen + static_cast<size_t>(i) * D);
  }
  if (picked == 0) return;
  pool_.run([&](const Worker& worker) { head(worker, chosen, nullptr, nullptr, picked, logits); });
}

void Model::attention_tapped(const Batch& batch, Cache& cache, int layer, Open& open) {
  const Layer& weights = layers_[layer];
  const std::string name = "h." + std::to_string(layer), attn = name + ".attn";
  const int T = batch.size(), D = shape_.width, H = shape_.heads, d = D / H;
  float *normal = open.normal.as<float>(), *output = open.output.as<float>();
  float* qkv = qkv_.as<float>();
  pool_.run([&](const Worker& worker) { normalize(worker, weights.before_attention, T, normal); });
  show(name + ".ln_1", normal, D);
  pool_.run([&](const Worker& worker) {
    multiply(worker, weights.qkv.weight,
             prepare(worker, weights.qkv.weight, normal, D, nullptr, nullptr, T),
             {weights.qkv.bias.data(), -1, false, qkv, static_cast<size_t>(3) * D});
  });
  show(attn + ".q", qkv, d, H, 3 * D, d);
  show(attn + ".k", qkv + D, d, H, 3 * D, d);
  show(attn + ".v", qkv + 2 * D, d, H, 3 * D, d);
  attend_tapped(batch, cache, layer, open);
  show(attn + ".heads", attn_out_.as<float>(), d, H, D, d);
  pool_.run([&](const Worker& worker) {
    multiply(
        worker, weights.attn_out.weight,
        prepare(worker, weights.attn_out.weight, attn_out_.as<float>(), D, nullptr, nullptr, T),
        {weights.attn_out.bias.data(), -1, false, output, static_cast<size_t>(D)});
  });
  if (omissions_.attention[layer]) std::fill_n(output, static_cast<size_t>(T) * D, 0.0f);
  show(attn, output, D);
  add_to_stream(output, T);
}

// Calls work(memory, run, head, space) for every row and head.
template <class Work>
void Model::each_head(const Batch& batch, const Cache& cache, int layer, const Work& work) {
  pool_.run([&](const Worker& worker) {
    const int H = shape_.heads, items = static_cast<int>(runs_.size()) * H;
    for (int item = worker.index(); item < items; item += worker.count()) {
      const Range run = runs_[item / H];
      const int row = batch.tokens[run.begin].row;
      work(cache.head(row, layer, item % H), run, item % H, workspaces_[worker.index()]);
    }
  });
}

// Calls work(tile, space) for tiles of a few tokens of every row and head; scores [tokens, heads,
// stride].
template <class Work>
void Model::each_tile(const Batch& batch, const Cache& cache, int layer, float* scores,
                      size_t stride, const Work& work) {
  const size_t wide = shape_.heads * stride;
  each_head(batch, cache, layer,
            [&](const Cache::Head& memory, Range run, int head, Workspace& space) {
              const int seen = batch.tokens[run.end - 1].position + 1;
              for (int t = run.begin; t < run.end; t += kernels_.rows) {
                const int rows = std::min(kernels_.rows, run.end - t);
                float* of = scores + t * wide + head * stride;
                work(Tile{memory, layer, head, t, rows, seen, of, wide}, space);
              }
            });
}

// Like `attend` for all rows and heads, but shows the scores and their softmax in between.
void Model::attend_tapped(const Batch& batch, Cache& cache, int layer, Open& open) {
  const std::string attn = "h." + std::to_string(layer) + ".attn";
  const int T = batch.size(), H = shape_.heads;
  const float scale = attention_scale(layer);
  const size_t wide = H * open.stride;
  float *scores = open.scores.as<float>(), *pattern = open.pattern.as<float>();
  float* sums = open.sums.as<float>();  // [H, T]
  each_head(batch, cache, layer, [&](const Cache::Head& memory, Range run, int head, Workspace&) {
    store_kv(batch, cache, memory, run, head);
  });
  each_tile(batch, cache, layer, scores, open.stride, [&](const Tile& tile, Workspace&) {
    score(batch, cache, tile);
    for (int r = 0; r < tile.rows; r++) {
      float* of = tile.scores + r * wide;
      const int visible = batch.tokens[tile.first + r].position + 1;  // it sees itself and the past
      for (int i = 0; i < visible; i++) of[i] *= scale;
      std::fill(of + visible, of + open.stride, kNever);
    }
  });
  show(attn + ".scores", scores, open.seen, H, wide, open.stride);
  each_tile(batch, cache, layer, scores, open.stride, [&](const Tile& tile, Workspace&) {
    for (int r = 0; r < tile.rows; r++) {
      float *of = tile.scores + r * wide, *to = pattern + (of - scores);
      float& sum = sums[static_cast<size_t>(tile.head) * T + tile.first + r];
      sum = kernels_.exponentials(of, tile.seen, 1.0f);
      std::fill(of + tile.seen, of + open.stride, 0.0f);
      kernels_.divide(of, static_cast<int>(open.stride), sum, to);
    }
  });
  // Dividing the weighted sum and summing divided weights can differ in the last bit, so only a
  // changed pattern is used directly.
  const bool changed = show(attn + ".pattern", pattern, open.seen, H, wide, open.stride);
  if (changed) std::fill_n(sums, static_cast<size_t>(H) * T, 1.0f);
  each_tile(batch, cache, layer, changed ? pattern : scores, open.stride,
            [&](const Tile& tile, Workspace& space) {
              const float* sum = sums + static_cast<size_t>(tile.head) * T + tile.first;
              weighted_sum(cache, tile, sum, space.weighted.as<float>());
            });
}

void Model::mlp_tapped(const Batch& batch, int layer, Open& open) {
  const Layer& weights = layers_[layer];
  const std::string name = "h." + std::to_string(layer);
  const int T = batch.size(), D = shape_.width, inner = shape_.inner;
  float *normal = open.normal.as<float>(), *output = open.output.as<float>();
  float* hidden = hidden_.as<float>();
  pool_.run([&](const Worker& worker) { normalize(worker, weights.before_mlp, T, normal); });
  show(name + ".ln_2", normal, D);
  pool_.run([&](const Worker& worker) {
    multiply(
        worker, weights.up.weight,
        prepare(worker, weights.up.weight, normal, D, nullptr, nullptr, T),
        {weights.up.bias.data(), shape_.activation, false, hidden, static_cast<size_t>(inner)});
  });
  show(name + ".mlp.hidden", hidden, inner);
  pool_.run([&](const Worker& worker) {
    multiply(worker, weights.down.weight,
             prepare(worker, weights.down.weight, hidden, inner, nullptr, nullptr, T),
             {weights.down.bias.data(), -1, false, output, static_cast<size_t>(D)});
  });
  if (omissions_.mlps[layer]) std::fill_n(output, static_cast<size_t>(T) * D, 0.0f);
  show(name + ".mlp", output, D);
  add_to_stream(output, T);
}

// Normalises rows of the residual stream.
void Model::normalize(const Worker& worker, const Norm& norm, int rows, float* to) {
  const Range share = worker.share(rows);
  for (int r = share.begin; r < share.end; r++) {
    const size_t at = static_cast<size_t>(r) * shape_.width;
    kernels_.normalize(stream_.as<float>() + at, norm.gain.data(), norm.bias.data(), shape_.width,
                       shape_.epsilon, to + at);
  }
}

void Model::add_to_stream(const float* x, int rows) {
  float* stream = stream_.as<float>();
  for (size_t i = 0; i < static_cast<size_t>(rows) * shape_.width; i++) stream[i] += x[i];
}

}  // namespace gpt2
