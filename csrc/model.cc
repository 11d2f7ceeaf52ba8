// Shapes stand at the line ends: T tokens of the batch, D = width, H heads, d = D / H.
#include "model.h"

#include <algorithm>
#include <cmath>

namespace gpt2 {

void Model::forward(const Batch& batch, Cache& cache, float* logits) {
  runs_.clear();
  for (int i = 0, end = 0; i < batch.size(); i = end) {
    while (end < batch.size() && batch.tokens[end].row == batch.tokens[i].row) end++;
    runs_.push_back({i, end});
  }
  team_.run([&](const Worker& worker) {
    embed(worker, batch);  // stream_ [T, D]
    worker.barrier();
    for (int layer = 0; layer < shape_.layers; layer++) {
      attention(worker, batch, cache, layer);
      worker.barrier();
      mlp(worker, batch, layers_[layer]);
      worker.barrier();
    }
    if (!batch.picked.empty()) head(worker, batch, logits);
  });
}

void Model::embed(const Worker& worker, const Batch& batch) {
  const Range share = worker.share(batch.size());
  for (int t = share.begin; t < share.end; t++) {
    const Token& token = batch.tokens[t];
    float* x = stream_.as<float>() + static_cast<size_t>(t) * shape_.width;
    const float* position = positions_.data() + static_cast<size_t>(token.position) * shape_.width;
    tokens_.row(token.id, x);
    for (int i = 0; i < shape_.width; i++) x[i] += position[i];
  }
}

void Model::attention(const Worker& worker, const Batch& batch, Cache& cache, int layer) {
  const Layer& weights = layers_[layer];
  const int T = batch.size(), D = shape_.width, H = shape_.heads;
  const Inputs normal = prepare(worker, weights.qkv.weight, stream_.as<float>(), D,
                                &weights.before_attention, nullptr, T);
  multiply(worker, weights.qkv.weight, normal,
           {nullptr, nullptr, weights.qkv.bias.data(), -1, false, qkv_.as<float>(),
            static_cast<size_t>(3) * D});  // [T, 3 D]
  worker.barrier();
  const int items = static_cast<int>(runs_.size()) * H;
  for (int item = worker.index(); item < items; item += worker.count()) {
    attend(worker, batch, cache, layer, runs_[item / H], item % H);  // joined_ [T, D]
  }
  worker.barrier();
  const Inputs joined =
      prepare(worker, weights.joined.weight, joined_.as<float>(), D, nullptr, nullptr, T);
  multiply(worker, weights.joined.weight, joined,
           {nullptr, nullptr, weights.joined.bias.data(), -1, true, stream_.as<float>(),
            static_cast<size_t>(D)});
}

// One head over the tokens of one row. New keys and values go to the cache first, and are read back
// from there rounded as the old ones are: how the tokens were cut into calls cannot be told.
void Model::attend(const Worker& worker, const Batch& batch, Cache& cache, int layer, Range run,
                   int head) {
  const int D = shape_.width, d = D / shape_.heads, wide = padded(d, kLanes);
  const Token* tokens = batch.tokens.data();
  const Cache::Head memory = cache.head(tokens[run.begin].row, layer, head);
  Desk& desk = desks_[worker.index()];
  float *scores = desk.scores.as<float>(), *mixed = desk.mixed.as<float>();
  const size_t stride = padded(shape_.positions, kLanes);
  const float scale = attention_scale(layer);
  const auto query = [&](int t) {
    return qkv_.as<float>() + static_cast<size_t>(t) * 3 * D + head * d;
  };
  for (int t = run.begin; t < run.end; t++) {
    cache.put(kernels_, memory, tokens[t].position, query(t) + D, query(t) + 2 * D);
  }
  for (int t = run.begin; t < run.end; t += kernels_.rows) {
    const int rows = std::min(kernels_.rows, run.end - t);
    const int n = tokens[t + rows - 1].position + 1;
    float sums[kLanes];
    kernels_.multiply(cache.keys(memory, n), query(t), static_cast<size_t>(3) * D, rows, scores,
                      stride, nullptr);  // [rows, n]
    for (int r = 0; r < rows; r++) {
      const int seen = tokens[t + r].position + 1;  // itself and those before
      sums[r] = kernels_.exponentials(scores + r * stride, seen, scale);
      std::fill(scores + r * stride + seen, scores + r * stride + n, 0.0f);
    }
    kernels_.multiply(cache.values(memory, n), scores, stride, rows, mixed, wide, nullptr);
    for (int r = 0; r < rows; r++) {  // [rows, d]
      float* to = joined_.as<float>() + static_cast<size_t>(t + r) * D + head * d;
      kernels_.divide(mixed + r * wide, d, sums[r], to);
    }
  }
}

void Model::mlp(const Worker& worker, const Batch& batch, const Layer& layer) {
  const int T = batch.size(), D = shape_.width, inner = shape_.inner;
  const Inputs normal =
      prepare(worker, layer.up.weight, stream_.as<float>(), D, &layer.before_mlp, nullptr, T);
  multiply(worker, layer.up.weight, normal,
           {nullptr, nullptr, layer.up.bias.data(), shape_.activation, false, hidden_.as<float>(),
            static_cast<size_t>(inner)});  // [T, inner]
  worker.barrier();
  const Inputs hidden =
      prepare(worker, layer.down.weight, hidden_.as<float>(), inner, nullptr, nullptr, T);
  multiply(worker, layer.down.weight, hidden,
           {nullptr, nullptr, layer.down.bias.data(), -1, true, stream_.as<float>(),
            static_cast<size_t>(D)});  // [T, D]
}

void Model::head(const Worker& worker, const Batch& batch, float* logits) {
  const Matrix& matrix = shape_.tied ? tokens_ : untied_head_;
  const Inputs normal = prepare(worker, matrix, stream_.as<float>(), shape_.width, &last_,
                                &batch.picked, static_cast<int>(batch.picked.size()));
  multiply(worker, matrix, normal,
           {nullptr, nullptr, nullptr, -1, false, logits,
            static_cast<size_t>(shape_.vocabulary)});  // [picked, vocabulary]
}

// Rows of x normalised, if there is a norm, and quantised, if the matrix wants whole numbers. A
// single row is done by every worker for itself, which is quicker than to meet afterwards.
Model::Inputs Model::prepare(const Worker& worker, const Matrix& matrix, const float* x, int width,
                             const Norm* norm, const std::vector<int>* picked, int rows) {
  Desk& desk = desks_[worker.index()];
  const bool alone = rows == 1;
  const size_t wide = padded(width, kGroup);
  float* normal = alone ? desk.row.as<float>() : rows_.as<float>();  // [rows, width]
  int16_t* whole = alone ? desk.whole.as<int16_t>() : whole_.as<int16_t>();
  float* scales = alone ? &desk.scale : scales_.as<float>();
  const Range share = alone ? Range{0, 1} : worker.share(rows);
  for (int r = share.begin; r < share.end; r++) {
    const float* from = x + static_cast<size_t>(picked ? (*picked)[r] : r) * width;
    if (norm) {
      float* to = normal + static_cast<size_t>(r) * width;
      kernels_.normalize(from, norm->gain.data(), norm->bias.data(), width, shape_.epsilon, to);
      from = to;
    }
    if (matrix.integers()) {
      scales[r] = kernels_.quantize(from, width, matrix.limit(), whole + r * wide);
    }
  }
  if (!alone && (norm || matrix.integers())) worker.barrier();
  if (matrix.integers()) return {nullptr, whole, scales, wide, rows};
  return {norm ? normal : x, nullptr, nullptr, static_cast<size_t>(width), rows};
}

// This worker's share of the outputs, a few panels at a time.
void Model::multiply(const Worker& worker, const Matrix& matrix, const Inputs& inputs,
                     Finish finish) {
  Desk& desk = desks_[worker.index()];
  const Range panels = worker.share(matrix.panels());
  const Finish whole = finish;
  for (int p = panels.begin; p < panels.end; p += kUnit) {
    const int count = std::min(kUnit, panels.end - p), first = p * kLanes;
    const int width = std::min(count * kLanes, matrix.outputs() - first);
    const size_t stride = kUnit * kLanes;
    finish.out = whole.out + first;
    if (whole.bias) finish.bias = whole.bias + first;
    if (matrix.integers()) {
      int32_t* y = desk.products.as<int32_t>();
      finish.row_scales = inputs.scales;
      finish.scales = matrix.scales() + first;
      kernels_.multiply_integers(matrix.whole(p, count), inputs.whole, inputs.stride, inputs.rows,
                                 y, stride, desk.scratch.as());
      kernels_.finish_integers(finish, y, stride, inputs.rows, width);
    } else {
      float* y = desk.products.as<float>();
      kernels_.multiply(matrix.floats(p, count), inputs.floats, inputs.stride, inputs.rows, y,
                        stride, desk.scratch.as());
      kernels_.finish(finish, y, stride, inputs.rows, width);
    }
  }
}

float Model::attention_scale(int layer) const {
  double scale = shape_.scale ? 1 / std::sqrt(static_cast<double>(shape_.width / shape_.heads)) : 1;
  if (shape_.layer_scale) scale /= layer + 1;
  return static_cast<float>(scale);
}

}  // namespace gpt2
