// The model through the C interface: the same bits however rows are cut, moved, tapped and
// computed.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels.h"
#include "small_model.h"

namespace {

constexpr int kDtypes[] = {GPT2_F32, GPT2_F16, GPT2_BF16, GPT2_INT8, GPT2_INT4};

bool runs(const char* table) { return gpt2::find_kernels(table) != nullptr; }

// Each text alone, token by token: [rows][length * vocabulary].
std::vector<std::vector<float>> alone(const Engine& engine, const gpt2_shape& shape,
                                      const Rows& texts) {
  std::vector<std::vector<float>> found;
  for (const auto& text : texts) {
    const Memory memory = new_memory(engine, 1, shape.positions);
    std::vector<float> logits;
    for (const int32_t token : text) {
      const auto step = extend(engine, memory, shape.vocabulary, {0}, {{token}});
      logits.insert(logits.end(), step.begin(), step.end());
    }
    found.push_back(logits);
  }
  return found;
}

// The texts side by side in a random order and cut, their rows moving about meanwhile.
void scheduled(const Engine& engine, const gpt2_shape& shape, const Rows& texts,
               const std::vector<std::vector<float>>& wanted, Random& random) {
  const int rows = static_cast<int>(texts.size()), V = shape.vocabulary;
  const Memory memory = new_memory(engine, rows, shape.positions);
  std::vector<int> text_of(texts.size());  // the text in each row
  for (int r = 0; r < rows; r++) text_of[r] = r;
  for (int turn = 0; turn < 8; turn++) {
    std::vector<int32_t> into, sources(texts.size());
    Rows ids;
    std::vector<std::pair<int, int>> places;
    for (int r = 0; r < rows; r++) {
      const auto& text = texts[text_of[r]];
      const int held = gpt2_cache_length(memory.get(), r),
                left = static_cast<int>(text.size()) - held;
      if (left == 0 || random.below(3) == 0) continue;
      const int n = random.from(1, std::min(left, 30));
      into.push_back(r);
      places.emplace_back(text_of[r], held);
      ids.emplace_back(text.begin() + held, text.begin() + held + n);
    }
    if (into.empty()) continue;
    const auto logits = extend(engine, memory, V, into, ids);
    const float* next = logits.data();
    for (size_t i = 0; i < into.size(); i++) {
      const size_t n = ids[i].size() * static_cast<size_t>(V);
      const float* right =
          wanted[places[i].first].data() + static_cast<size_t>(places[i].second) * V;
      CHECK(std::memcmp(next, right, n * sizeof(float)) == 0);
      next += n;
    }
    const std::vector<int> before = text_of;
    for (int r = 0; r < rows; r++) {
      sources[r] = random.below(rows);
      text_of[r] = before[sources[r]];
    }
    CHECK(gpt2_cache_gather(memory.get(), sources.data()) == GPT2_OK);
    const int cut = random.below(rows), length = gpt2_cache_length(memory.get(), cut);
    CHECK(gpt2_cache_truncate(memory.get(), cut, random.from(0, length)) == GPT2_OK);
  }
}

void any_schedule() {
  Random random(3);
  const Rows texts = random_rows(random, 3, 33, kAwkward.vocabulary);
  for (const int dtype : kDtypes) {
    std::vector<std::vector<float>> generic[2];  // of fp16 and int8 keys
    for (const char* table : kTables) {
      if (!runs(table)) continue;
      for (const int kv : {GPT2_F16, GPT2_F32, GPT2_INT8}) {
        if (kv == GPT2_F32 && dtype != GPT2_F32) continue;
        const Engine one = new_engine(kAwkward, {dtype, dtype, kv, 1, table});
        const Engine many = new_engine(kAwkward, {dtype, dtype, kv, 3, table});
        const auto wanted = alone(one, kAwkward, texts);
        scheduled(many, kAwkward, texts, wanted, random);
        const bool whole = dtype == GPT2_INT8 || dtype == GPT2_INT4;
        if (!whole || kv == GPT2_F32) continue;
        auto& same = generic[kv == GPT2_INT8];
        if (same.empty()) same = wanted;
        CHECK(same == wanted);  // integers: the same on every instruction set
      }
    }
  }
}

void long_calls() {
  Random random(4);
  const Rows texts = random_rows(random, 2, 290, kLong.vocabulary);
  for (const int dtype : kDtypes) {
    const int kv = dtype == GPT2_F32 ? GPT2_INT8 : GPT2_F16;
    const Engine engine = new_engine(kLong, {dtype, dtype, kv, 2, nullptr});
    const Memory whole = new_memory(engine, 2, 300), cut = new_memory(engine, 1, 300);
    const auto both = extend(engine, whole, kLong.vocabulary, {1, 0}, {texts[1], texts[0]});
    std::vector<float> parts;
    for (size_t i = 0; i < texts[1].size(); i += 29) {
      const auto part = extend(engine, cut, kLong.vocabulary, {0},
                               {{texts[1].begin() + i, texts[1].begin() + i + 29}});
      parts.insert(parts.end(), part.begin(), part.end());
    }
    CHECK(std::memcmp(both.data(), parts.data(), parts.size() * sizeof(float)) == 0);
  }
}

// What the taps below do and count.
struct Seen {
  int points = 0;
  int stop_at = -1;
  double sum = 0;
  float factor = 1;
};

int look(void* context, const gpt2_point* point) {
  Seen& seen = *static_cast<Seen*>(context);
  if (seen.points++ == seen.stop_at) return GPT2_TAP_STOP;
  int tokens = 0;
  for (int r = 0; r < point->rows; r++) tokens += point->counts[r];
  const int heads = std::max(point->heads, 1);
  for (int t = 0; t < tokens; t++) {
    for (int h = 0; h < heads; h++) {
      float* x = point->values + t * point->token_stride + h * point->head_stride;
      for (int i = 0; i < point->width; i++) {
        seen.sum += std::fabs(x[i]);
        x[i] *= seen.factor;
      }
    }
  }
  return seen.factor == 1 ? GPT2_TAP_SEEN : GPT2_TAP_CHANGED;
}

void taps() {
  Random random(5);
  for (const gpt2_shape& shape : {kAwkward, kLong}) {
    const int n = shape.positions - 7, V = shape.vocabulary, points = 2 + 12 * shape.layers;
    const Rows texts = {random_rows(random, 1, n, V)[0], random_rows(random, 1, 3, V)[0]};
    for (const int dtype : {GPT2_F32, GPT2_INT8}) {
      const Engine engine = new_engine(shape, {dtype, dtype, GPT2_F16, 2, nullptr});
      const auto pass = [&] {
        const Memory memory = new_memory(engine, 2, shape.positions);
        auto first = extend(engine, memory, V, {0, 1}, texts);
        const auto then = extend(engine, memory, V, {1, 0}, {{1, 2}, {3}});
        first.insert(first.end(), then.begin(), then.end());
        return first;
      };
      const auto plain = pass();
      Seen seen;
      CHECK(gpt2_engine_tap(engine.get(), look, &seen) == GPT2_OK);
      CHECK(same_bits(pass(), plain));
      CHECK(seen.points == 2 * points && seen.sum > 0);
      seen.factor = 0.5f;
      CHECK(!same_bits(pass(), plain));
      const Memory memory = new_memory(engine, 1, 9);
      const int32_t row = 0, count = 2, ids[] = {1, 2};
      std::vector<float> logits(static_cast<size_t>(V));
      for (int stop = 0; stop < points; stop++) {
        seen = {};
        seen.stop_at = stop;
        CHECK(gpt2_extend(engine.get(), memory.get(), 1, &row, &count, ids, GPT2_LOGITS_LAST,
                          logits.data()) == GPT2_STOPPED);
        CHECK(gpt2_cache_length(memory.get(), 0) == 0);
      }
      CHECK(gpt2_engine_tap(engine.get(), nullptr, nullptr) == GPT2_OK);
      CHECK(same_bits(pass(), plain));
    }
  }
}

void omissions() {
  Random random(6);
  const Rows texts = random_rows(random, 3, 30, kAwkward.vocabulary);
  const Engine one = new_engine(kAwkward, {GPT2_INT8, GPT2_INT8, GPT2_F16, 1, nullptr});
  const Engine many = new_engine(kAwkward, {GPT2_INT8, GPT2_INT8, GPT2_F16, 3, nullptr});
  const auto plain = alone(one, kAwkward, texts);
  uint8_t heads[6] = {0, 1, 0, 0, 0, 1}, none[2] = {0, 1}, hidden[40] = {};
  hidden[0] = hidden[7] = hidden[39] = 1;
  const gpt2_omissions all[] = {{heads, nullptr, nullptr, nullptr, 0},
                                {nullptr, none, nullptr, nullptr, 0},
                                {nullptr, nullptr, none, nullptr, 1},
                                {nullptr, nullptr, nullptr, hidden, 0},
                                {heads, none, none, hidden, 1}};
  for (const gpt2_omissions& omissions : all) {
    CHECK(gpt2_engine_omit(one.get(), &omissions) == GPT2_OK);
    CHECK(gpt2_engine_omit(many.get(), &omissions) == GPT2_OK);
    const auto wanted = alone(one, kAwkward, texts);
    CHECK(wanted != plain);
    scheduled(many, kAwkward, texts, wanted, random);
  }
  CHECK(gpt2_engine_omit(one.get(), nullptr) == GPT2_OK);
  CHECK(alone(one, kAwkward, texts) == plain);
}

// What the stream is after the last layer, [tokens, width].
int keep_last(void* context, const gpt2_point* point) {
  auto& found = *static_cast<std::vector<float>*>(context);
  if (std::string(point->name) == "h." + std::to_string(kAwkward.layers - 1)) {
    found.assign(point->values, point->values + point->counts[0] * point->width);
  }
  return GPT2_TAP_SEEN;
}

void head_alone() {
  Random random(7);
  const int V = kAwkward.vocabulary;
  const Rows texts = random_rows(random, 1, 33, V);
  for (const int dtype : kDtypes) {
    const Engine engine = new_engine(kAwkward, {dtype, dtype, GPT2_F16, 2, nullptr});
    std::vector<float> hidden;
    CHECK(gpt2_engine_tap(engine.get(), keep_last, &hidden) == GPT2_OK);
    const Memory memory = new_memory(engine, 1, 40);
    const auto logits = extend(engine, memory, V, {0}, texts);
    for (const int n : {1, 33}) {
      std::vector<float> again(static_cast<size_t>(n * V));
      CHECK(gpt2_head(engine.get(), n, hidden.data(), again.data()) == GPT2_OK);
      CHECK(std::memcmp(again.data(), logits.data(), again.size() * sizeof(float)) == 0);
    }
    CHECK(gpt2_head(engine.get(), 0, hidden.data(), nullptr) == GPT2_INVALID);
    // more rows than one pass takes
    const int copies = 20, many = copies * 33;
    std::vector<float> long_hidden, long_logits(static_cast<size_t>(many * V));
    for (int i = 0; i < copies; i++) {
      long_hidden.insert(long_hidden.end(), hidden.begin(), hidden.end());
    }
    CHECK(gpt2_head(engine.get(), many, long_hidden.data(), long_logits.data()) == GPT2_OK);
    for (int i = 0; i < copies; i++) {
      CHECK(std::memcmp(long_logits.data() + i * logits.size(), logits.data(),
                        logits.size() * sizeof(float)) == 0);
    }
  }
}

// What the stream is before the last layer, and how many points were seen.
struct Before {
  std::vector<float> hidden;
  int points = 0;
};
int keep_before(void* context, const gpt2_point* point) {
  auto& found = *static_cast<Before*>(context);
  found.points++;
  if (std::string(point->name) == "h." + std::to_string(kAwkward.layers - 2)) {
    found.hidden.assign(point->values, point->values + point->counts[0] * point->width);
  }
  return GPT2_TAP_SEEN;
}

void begun_at_a_layer() {
  Random random(9);
  const int V = kAwkward.vocabulary, layer = kAwkward.layers - 1;
  const Rows texts = random_rows(random, 1, 33, V);
  for (const int dtype : kDtypes) {
    const Engine engine = new_engine(kAwkward, {dtype, dtype, GPT2_F16, 2, nullptr});
    Before before, after;
    CHECK(gpt2_engine_tap(engine.get(), keep_before, &before) == GPT2_OK);
    const auto plain = extend(engine, new_memory(engine, 1, 40), V, {0}, texts);
    CHECK(gpt2_engine_tap(engine.get(), keep_before, &after) == GPT2_OK);
    CHECK(gpt2_engine_begin(engine.get(), layer, 33, before.hidden.data()) == GPT2_OK);
    CHECK(same_bits(extend(engine, new_memory(engine, 1, 40), V, {0}, texts), plain));
    CHECK(after.points == before.points - 1 - 12 * layer);
    const Memory memory = new_memory(engine, 1, 40);
    const int32_t row = 0, count = 2, ids[] = {1, 2};
    const auto refused = [&] {
      return gpt2_extend(engine.get(), memory.get(), 1, &row, &count, ids, GPT2_LOGITS_NONE,
                         nullptr) == GPT2_INVALID;
    };
    CHECK(refused());  // of 33 tokens, and of two
    CHECK(gpt2_engine_tap(engine.get(), nullptr, nullptr) == GPT2_OK);
    CHECK(refused());
    CHECK(gpt2_engine_begin(engine.get(), kAwkward.layers, 1, before.hidden.data()) ==
          GPT2_INVALID);
    CHECK(gpt2_engine_begin(engine.get(), 0, 0, nullptr) == GPT2_OK);
    CHECK(same_bits(extend(engine, new_memory(engine, 1, 40), V, {0}, texts), plain));
  }
}

void entropies() {
  const Engine engine = new_engine(kAwkward, {GPT2_INT8, GPT2_INT8, GPT2_F16, 1, nullptr});
  Random random(10);
  const int V = kAwkward.vocabulary, n = 5;
  std::vector<float> logits = random.normals(static_cast<size_t>(n * V), 9);
  for (float& x : logits) x += 200;  // its exponential is no float
  double sums[n], found[n];
  CHECK(gpt2_entropy(engine.get(), n, logits.data(), sums, found) == GPT2_OK);
  for (int i = 0; i < n; i++) {
    double sum = 0, entropy = 0;
    for (int j = 0; j < V; j++) sum += std::exp(static_cast<double>(logits[i * V + j]) - 200);
    for (int j = 0; j < V; j++) {
      const double log = logits[i * V + j] - 200 - std::log(sum);
      entropy -= std::exp(log) * log;
    }
    CHECK(std::fabs(sums[i] - 200 - std::log(sum)) < 1e-5);
    CHECK(std::fabs(found[i] - entropy) < 1e-4);
  }
}

void twins() {
  Random random(8);
  const Rows texts = random_rows(random, 2, 30, kAwkward.vocabulary);
  const Engine engine = new_engine(kAwkward, {GPT2_INT4, GPT2_INT8, GPT2_F16, 2, nullptr});
  const auto plain = alone(engine, kAwkward, texts);
  gpt2_engine* made = nullptr;
  CHECK(gpt2_engine_twin(engine.get(), &made) == GPT2_OK);
  const Engine twin(made);
  CHECK(alone(twin, kAwkward, texts) == plain);
  const uint8_t heads[6] = {0, 1, 0, 0, 0, 1};
  const gpt2_omissions omissions = {heads, nullptr, nullptr, nullptr, 0};
  CHECK(gpt2_engine_omit(twin.get(), &omissions) == GPT2_OK);
  CHECK(alone(twin, kAwkward, texts) != plain);
  CHECK(alone(engine, kAwkward, texts) == plain);
  const Engine bare = empty_engine(kAwkward, {GPT2_F32, GPT2_F32, GPT2_F32, 1, nullptr});
  CHECK(gpt2_engine_twin(bare.get(), &made) == GPT2_WEIGHTS);
}

void single_rows() {
  const Engine engine = new_engine(kAwkward, {GPT2_F32, GPT2_F32, GPT2_F32, 1, nullptr});
  for (const auto& [name, tensor] : random_tensors(kAwkward)) {
    const bool turned = name.find(".attn.c") + name.find(".mlp.c") != 2 * std::string::npos &&
                        tensor.dims.size() == 2;
    const int rows = static_cast<int>(tensor.dims.size() < 2 ? 1 : tensor.dims[turned]);
    const size_t wide = tensor.values.size() / static_cast<size_t>(rows);
    std::vector<float> row(wide);
    for (int r = 0; r < rows; r++) {
      CHECK(gpt2_engine_rows(engine.get(), name.c_str(), r, 1, row.data()) == GPT2_OK);
      for (size_t k = 0; k < wide; k++) {
        const size_t at = turned ? k * static_cast<size_t>(rows) + static_cast<size_t>(r)
                                 : static_cast<size_t>(r) * wide + k;
        CHECK(row[k] == tensor.values[at]);
      }
    }
    CHECK(gpt2_engine_rows(engine.get(), name.c_str(), rows, 1, row.data()) == GPT2_INVALID);
    CHECK(gpt2_engine_rows(engine.get(), name.c_str(), -1, 1, row.data()) == GPT2_INVALID);
    CHECK(gpt2_engine_rows(engine.get(), name.c_str(), 1, INT32_MAX, row.data()) == GPT2_INVALID);
  }
  CHECK(gpt2_engine_rows(engine.get(), "none", 0, 1, nullptr) == GPT2_WEIGHTS);
}

// Intervals follow one another from 0 to 2^30, none is empty, and a point finds its own.
void intervals() {
  Random random(9);
  for (const gpt2_shape& shape : {kAwkward, kLong}) {
    const int V = shape.vocabulary;
    const Engine engine = new_engine(shape, {GPT2_INT8, GPT2_INT8, GPT2_F16, 1, nullptr});
    for (const float spread : {0.0f, 1.0f, 30.0f, 1e4f}) {
      auto logits = random.normals(static_cast<size_t>(V), spread);
      int32_t next = 0;
      for (int32_t token = 0; token < V; token++) {
        int32_t begin = -1, end = -1, found = -1, from = -1, to = -1;
        CHECK(gpt2_interval_of(engine.get(), 1, logits.data(), &token, &begin, &end) == GPT2_OK);
        CHECK(begin == next && end > begin);
        next = end;
        for (const int32_t point : {begin, end - 1}) {
          CHECK(gpt2_interval_at(engine.get(), logits.data(), point, &found, &from, &to) ==
                GPT2_OK);
          CHECK(found == token && from == begin && to == end);
        }
      }
      CHECK(next == 1 << 30);
      int32_t token = V, begin = 0, end = 0;
      CHECK(gpt2_interval_of(engine.get(), 1, logits.data(), &token, &begin, &end) == GPT2_INVALID);
      CHECK(gpt2_interval_at(engine.get(), logits.data(), next, &token, &begin, &end) ==
            GPT2_INVALID);
      logits[3] = NAN;
      CHECK(gpt2_interval_at(engine.get(), logits.data(), 0, &token, &begin, &end) == GPT2_INVALID);
    }
  }
}

void refusals() {
  const Engine engine = new_engine(kAwkward, {GPT2_INT8, GPT2_INT8, GPT2_F16, 1, nullptr});
  const Engine bare = empty_engine(kAwkward, {GPT2_F32, GPT2_F32, GPT2_F32, 1, nullptr});
  const Memory memory = new_memory(engine, 2, 5), other = new_memory(bare, 1, 5);
  const auto status = [&](int row, int count, int id, int mode = GPT2_LOGITS_NONE) {
    const int32_t r = row, c = count;
    const std::vector<int32_t> ids(static_cast<size_t>(std::max(count, 1)), id);
    return gpt2_extend(engine.get(), memory.get(), 1, &r, &c, ids.data(), mode, nullptr);
  };
  CHECK(status(0, 5, 52) == GPT2_OK);
  CHECK(status(0, 1, 0) == GPT2_CONTEXT);
  CHECK(status(1, 6, 0) == GPT2_CONTEXT);
  for (const int row : {-1, 2, 1 << 30}) CHECK(status(row, 1, 0) == GPT2_INVALID);
  for (const int id : {-1, 53, INT32_MIN, INT32_MAX}) CHECK(status(1, 1, id) == GPT2_INVALID);
  for (const int count : {0, -1, INT32_MIN}) CHECK(status(1, count, 0) == GPT2_INVALID);
  for (const int mode : {-1, 3}) CHECK(status(1, 1, 0, mode) == GPT2_INVALID);
  const int32_t zero = 0, one = 1;
  CHECK(gpt2_extend(engine.get(), other.get(), 1, &zero, &one, &zero, 0, nullptr) == GPT2_INVALID);
  CHECK(gpt2_extend(bare.get(), other.get(), 1, &zero, &one, &zero, 0, nullptr) == GPT2_WEIGHTS);
  const int32_t sources[] = {0, 2};
  CHECK(gpt2_cache_gather(memory.get(), sources) == GPT2_INVALID);
  CHECK(gpt2_cache_truncate(memory.get(), 0, 6) == GPT2_INVALID);
  CHECK(gpt2_cache_truncate(memory.get(), 5, 0) == GPT2_INVALID);
  CHECK(gpt2_cache_length(memory.get(), 0) == 5 && gpt2_cache_length(memory.get(), 1) == 0);
  CHECK(std::string(gpt2_message()).size() > 10);
}

}  // namespace

void test_model() {
  any_schedule();
  long_calls();
  taps();
  omissions();
  head_alone();
  begun_at_a_layer();
  entropies();
  twins();
  single_rows();
  intervals();
  refusals();
}
