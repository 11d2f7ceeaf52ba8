// Shapes are at the line ends: T tokens of the batch, D = width, H heads, d = D / H.
#include "model.h"

#include <algorithm>
#include <cmath>

#include "error.h"

namespace gpt2 {

void Model::forward(const Batch& batch, Cache& cache, float* logits, const Largest& wanted) {
  cut_rows(batch);
  make_room(std::max(batch.size(), kMostTokens));
  if (tapped()) return forward_tapped(batch, cache, logits);
  require(begin_ == 0, GPT2_INVALID, "a pass that begins at a layer needs a tap");
  const int picked = static_cast<int>(batch.picked.size());
  ExactHead* const exact = exact_head(picked, wanted.k);
  pool_.run([&](const Worker& worker) {
    layers(worker, batch, cache);
    const float* stream = stream_.as<float>();
    if (exact) {
      const Inputs normal =
          prepare(worker, head(), stream, shape_.width, &last_, &batch.picked, picked);
      exact->run(worker, normal.floats, picked, wanted, logits);
    } else if (picked) {
      head(worker, stream, &last_, &batch.picked, picked, logits);
    }
  });
}

void Model::forward(const Batch& batch, Cache& cache, Logprobs& logprobs) {
  cut_rows(batch);
  make_room(std::max(batch.size(), kMostTokens));
  pool_.run([&](const Worker& worker) {
    layers(worker, batch, cache);
    head(worker, batch.picked, logprobs);
    worker.barrier();
    const Range share = worker.share(static_cast<int>(batch.picked.size()));
    for (int r = share.begin; r < share.end; r++) logprobs.finish(r);
  });
}

void Model::logits(int n, const float* hidden, float* logits) {
  make_room(std::max(room_, kMostTokens));
  const size_t D = shape_.width, V = shape_.vocabulary;
  for (int done = 0; done < n; done += kMostTokens) {
    const int rows = std::min(kMostTokens, n - done);
    pool_.run([&](const Worker& worker) {
      head(worker, hidden + done * D, &last_, nullptr, rows, logits + done * V);
    });
  }
}

void Model::layers(const Worker& worker, const Batch& batch, Cache& cache) {
  embed(worker, batch);  // stream_ [T, D]
  worker.barrier();
  for (int layer = 0; layer < shape_.layers; layer++) {
    attention(worker, batch, cache, layer);
    worker.barrier();
    mlp(worker, batch, layer);
    worker.barrier();
  }
}

void Model::cut_rows(const Batch& batch) {
  runs_.clear();
  counts_.clear();
  for (int i = 0, end = 0; i < batch.size(); i = end) {
    while (end < batch.size() && batch.tokens[end].row == batch.tokens[i].row) end++;
    runs_.push_back({i, end});
    counts_.push_back(end - i);
  }
}

void Model::embed(const Worker& worker, const Batch& batch) {
  const Range share = worker.share(batch.size());
  for (int t = share.begin; t < share.end; t++) {
    const Token& token = batch.tokens[t];
    float* x = stream_.as<float>() + static_cast<size_t>(t) * shape_.width;
    const float* position = positions_.data() + static_cast<size_t>(token.position) * shape_.width;
    tokens_.row(token.id, x);
    if (omissions_.position_embeddings) continue;
    for (int i = 0; i < shape_.width; i++) x[i] += position[i];
  }
}

void Model::attention(const Worker& worker, const Batch& batch, Cache& cache, int layer) {
  const Layer& weights = layers_[layer];
  const int T = batch.size(), D = shape_.width, H = shape_.heads;
  const Inputs normal = prepare(worker, weights.qkv.weight, stream_.as<float>(), D,
                                &weights.before_attention, nullptr, T);
  multiply(worker, weights.qkv.weight, normal,
           {weights.qkv.bias.data(), -1, false, qkv_.as<float>(),
            static_cast<size_t>(3) * D});  // [T, 3 D]: queries, keys, values
  worker.barrier();                        // a head reads what several workers wrote
  const int runs = static_cast<int>(runs_.size());
  // With many rows, take several heads at a time: they are adjacent in memory, and there are fewer
  // pieces.
  const int each = runs >= 4 * worker.count() ? (H + 1) / 2 : 1, cuts = (H + each - 1) / each;
  for (int item = worker.index(); item < runs * cuts; item = worker.take()) {
    const int first = item % cuts * each, end = std::min(H, first + each);
    for (int head = first; head < end; head++) {
      attend(worker, batch, cache, layer, runs_[item / cuts], head);  // attn_out_ [T, D]
    }
  }
  worker.barrier();
  if (omissions_.attention[layer]) return;
  const Inputs attn_out =
      prepare(worker, weights.attn_out.weight, attn_out_.as<float>(), D, nullptr, nullptr, T);
  multiply(worker, weights.attn_out.weight, attn_out,
           {weights.attn_out.bias.data(), -1, true, stream_.as<float>(), static_cast<size_t>(D)});
}

// The attention of one head over the tokens of one row, a few at a time.
void Model::attend(const Worker& worker, const Batch& batch, Cache& cache, int layer, Range run,
                   int head) {
  const Token* tokens = batch.tokens.data();
  const Cache::Head memory = cache.head(tokens[run.begin].row, layer, head);
  Workspace& space = workspaces_[worker.index()];
  const size_t stride = padded(shape_.positions, kLanes);
  const float scale = attention_scale(layer);  // 1 / sqrt(d)
  store_kv(batch, cache, memory, run, head);
  for (int t = run.begin; t < run.end; t += kernels_.rows) {
    // The last of these tokens sees the most positions; what is masked for the others becomes 0
    // below.
    const int rows = std::min(kernels_.rows, run.end - t), seen = tokens[t + rows - 1].position + 1;
    const Tile tile = {memory, layer, head, t, rows, seen, space.scores.as<float>(), stride};
    score(batch, cache, tile);  // [rows, seen]
    // Softmax without the division, which is done once per output, after the weighted sum.
    float sums[kLanes];
    for (int r = 0; r < rows; r++) {
      sums[r] = kernels_.exponentials(tile.scores + r * stride, tokens[t + r].position + 1, scale);
      std::fill(tile.scores + r * stride + tokens[t + r].position + 1,
                tile.scores + r * stride + seen, 0.0f);
    }
    weighted_sum(cache, tile, sums, space.weighted.as<float>());
  }
}

// New keys and values are stored in the cache first, and read back from there, rounded like the old
// ones: results do not depend on how the tokens were split into calls.
void Model::store_kv(const Batch& batch, Cache& cache, const Cache::Head& memory, Range run,
                     int head) {
  const int D = shape_.width, d = D / shape_.heads;
  for (int t = run.begin; t < run.end; t++) {
    const float* query = qkv_.as<float>() + static_cast<size_t>(t) * 3 * D + head * d;
    // in a token's row of qkv_ the key is D after the query, the value D after the key: [d] each
    cache.put(kernels_, memory, batch.tokens[t].position, query + D, query + 2 * D);
  }
}

// Queries times keys, not scaled yet; hidden positions get a score whose exponential is 0.
void Model::score(const Batch& batch, const Cache& cache, const Tile& tile) {
  const int D = shape_.width, d = D / shape_.heads;
  const float* queries = qkv_.as<float>() + static_cast<size_t>(tile.first) * 3 * D + tile.head * d;
  kernels_.multiply(cache.keys(tile.memory, tile.seen), queries, static_cast<size_t>(3) * D,
                    tile.rows, tile.scores, tile.stride, nullptr);  // q k^T [rows, seen]
  // An int8 cache has one scale per position's key, which is applied once, to the score.
  if (cache.scaled()) scale_rows(tile, tile.memory.key_scales);
  for (int r = 0; r < tile.rows; r++) {
    for (const int position : omissions_.hidden) {
      if (position >= batch.tokens[tile.first + r].position) break;
      tile.scores[r * tile.stride + position] = kNever;
    }
  }
}

// Multiplies the scores of each position by its own factor.
void Model::scale_rows(const Tile& tile, const float* factors) {
  for (int r = 0; r < tile.rows; r++) {
    kernels_.scale(tile.scores + r * tile.stride, factors, padded(tile.seen, kLanes));
  }
}

// The sum of the values weighted by scores / sums, [rows, d] of attn_out_.
void Model::weighted_sum(const Cache& cache, const Tile& tile, const float* sums, float* weighted) {
  const int D = shape_.width, d = D / shape_.heads, wide = padded(d, kLanes);
  if (cache.scaled()) scale_rows(tile, tile.memory.value_scales);
  kernels_.multiply(cache.values(tile.memory, tile.seen), tile.scores, tile.stride, tile.rows,
                    weighted, wide, nullptr);  // [rows, d]
  for (int r = 0; r < tile.rows; r++) {
    float* to = attn_out_.as<float>() + static_cast<size_t>(tile.first + r) * D + tile.head * d;
    kernels_.divide(weighted + r * wide, d, sums[r], to);
    if (omissions_.heads[tile.layer * shape_.heads + tile.head]) std::fill(to, to + d, 0.0f);
  }
}

void Model::mlp(const Worker& worker, const Batch& batch, int index) {
  if (omissions_.mlps[index]) return;
  const Layer& layer = layers_[index];
  const int T = batch.size(), D = shape_.width, inner = shape_.inner;
  const Inputs normal =
      prepare(worker, layer.up.weight, stream_.as<float>(), D, &layer.before_mlp, nullptr, T);
  multiply(worker, layer.up.weight, normal,
           {layer.up.bias.data(), shape_.activation, false, hidden_.as<float>(),
            static_cast<size_t>(inner)});  // [T, inner]
  worker.barrier();
  const Inputs hidden =
      prepare(worker, layer.down.weight, hidden_.as<float>(), inner, nullptr, nullptr, T);
  multiply(
      worker, layer.down.weight, hidden,
      {layer.down.bias.data(), -1, true, stream_.as<float>(), static_cast<size_t>(D)});  // [T, D]
}

// The logits of rows of x: all rows, or the picked ones.
void Model::head(const Worker& worker, const float* x, const Norm* norm,
                 const std::vector<int>* picked, int rows, float* logits) {
  const Matrix& matrix = head();
  const Inputs normal = prepare(worker, matrix, x, shape_.width, norm, picked, rows);
  multiply(
      worker, matrix, normal,
      {nullptr, -1, false, logits, static_cast<size_t>(shape_.vocabulary)});  // [rows, vocabulary]
}

// The logits of the picked tokens, block by block; each is reduced before the next one is computed.
void Model::head(const Worker& worker, const std::vector<int>& picked, Logprobs& logprobs) {
  const Matrix& matrix = head();
  const int rows = static_cast<int>(picked.size());
  const Inputs normal =
      prepare(worker, matrix, stream_.as<float>(), shape_.width, &last_, &picked, rows);
  float* block = workspaces_[worker.index()].block.as<float>();  // [rows, kOutputs]
  for (int b = worker.index(); b < logprobs.blocks(); b = worker.take()) {
    const int panel = b * kUnit, count = std::min(kUnit, matrix.panels() - panel);
    multiply_here(worker, matrix, panel, count, normal,
                  {nullptr, -1, false, block, Logprobs::kOutputs});
    for (int r = 0; r < rows; r++) logprobs.take(b, r, block + r * Logprobs::kOutputs);
  }
}

// Normalizes rows of x if there is a norm, and quantizes them if the matrix has integers. Every
// worker does a single row for itself, which is faster than a barrier afterwards.
Model::Inputs Model::prepare(const Worker& worker, const Matrix& matrix, const float* x, int width,
                             const Norm* norm, const std::vector<int>* picked, int rows) {
  Workspace& space = workspaces_[worker.index()];
  const bool alone = rows == 1;
  const size_t wide = padded(width, kGroup);
  float* normal = alone ? space.row.as<float>() : rows_.as<float>();  // [rows, width]
  uint8_t* quantized = alone ? space.quantized.as() : quantized_.as();
  Step* steps = alone ? &space.step : steps_.as<Step>();
  const Range share = alone ? Range{0, 1} : worker.share(rows);
  for (int r = share.begin; r < share.end; r++) {
    const float* from = x + static_cast<size_t>(picked ? (*picked)[r] : r) * width;
    if (norm) {
      float* to = normal + static_cast<size_t>(r) * width;
      kernels_.normalize(from, norm->gain.data(), norm->bias.data(), width, shape_.epsilon, to);
      from = to;
    }
    if (matrix.integers()) {
      steps[r] = kernels_.quantize(from, width, matrix.limit(), quantized + r * wide);
    }
  }
  if (!alone && (norm || matrix.integers())) worker.barrier();
  if (matrix.integers()) return {nullptr, quantized, steps, wide, rows};
  return {norm ? normal : x, nullptr, nullptr, static_cast<size_t>(width), rows};
}

// The panels that a worker takes at a time: enough pieces to balance the load if one worker is
// slowed down; larger pieces for many rows, which prefetch the next panels while they multiply.
int Model::piece(const Worker& worker, const Matrix& matrix, int rows) const {
  const int pieces = (rows > 8 ? 4 : 12) * worker.count();
  const int even = (matrix.panels() + pieces - 1) / pieces;
  return padded(even, rows == 1 ? kStripAlone : kStrip);
}

void Model::multiply(const Worker& worker, const Matrix& matrix, const Inputs& inputs,
                     const Finish& finish) {
  const int size = piece(worker, matrix, inputs.rows);
  for (int i = worker.index(); i * size < matrix.panels(); i = worker.take()) {
    const int end = std::min(matrix.panels(), (i + 1) * size);
    for (int p = i * size; p < end; p += kUnit) {
      multiply(worker, matrix, p, std::min(kUnit, end - p), inputs, finish);
    }
  }
}

void Model::multiply(const Worker& worker, const Matrix& matrix, int panel, int count,
                     const Inputs& inputs, Finish finish) {
  const int first = panel * kLanes;
  finish.out += first;
  if (finish.bias) finish.bias += first;
  multiply_here(worker, matrix, panel, count, inputs, finish);
}

void Model::multiply_here(const Worker& worker, const Matrix& matrix, int panel, int count,
                          const Inputs& inputs, Finish finish) {
  Workspace& space = workspaces_[worker.index()];
  const int first = panel * kLanes, width = std::min(count * kLanes, matrix.outputs() - first);
  const size_t stride = kUnit * kLanes;
  if (matrix.integers()) {
    int32_t* y = space.products.as<int32_t>();
    finish.steps = inputs.steps;
    finish.scales = matrix.scales() + first;
    finish.sums = matrix.sums() + first;
    kernels_.multiply_integers(matrix.quantized(panel, count), inputs.quantized, inputs.stride,
                               inputs.rows, y, stride);
    kernels_.finish_integers(finish, y, stride, inputs.rows, width);
  } else {
    float* y = space.products.as<float>();
    kernels_.multiply(matrix.floats(panel, count), inputs.floats, inputs.stride, inputs.rows, y,
                      stride, space.scratch.as());
    kernels_.finish(finish, y, stride, inputs.rows, width);
  }
}

float Model::attention_scale(int layer) const {
  double scale = shape_.scale ? 1 / std::sqrt(static_cast<double>(shape_.width / shape_.heads)) : 1;
  if (shape_.layer_scale) scale /= layer + 1;
  return static_cast<float>(scale);
}

}  // namespace gpt2
