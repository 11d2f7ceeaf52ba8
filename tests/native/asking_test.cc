// Rows that each ask for something else, against calls that ask the same of all; copies of rows.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "small_model.h"

namespace {

constexpr int kTop = 9;

struct Asked {
  std::vector<gpt2_answer> answers;
  std::vector<int32_t> top;
  std::vector<float> logprobs;
  std::vector<std::vector<float>> logits;
};

struct Call {
  Rows ids;
  std::vector<int32_t> into, counts, flat;
  std::vector<gpt2_ask> asks;
};

gpt2_sampling any_sampling(Random& random) {
  gpt2_sampling s = {};
  s.temperature = std::vector<float>{0.7f, 1, 1.3f}[static_cast<size_t>(random.below(3))];
  s.top_k = std::vector<int>{0, 0, 1, 5, 40}[static_cast<size_t>(random.below(5))];
  s.top_p = random.below(2) ? 0.8 : 1;
  s.min_p = random.below(3) ? 0 : 0.02;
  s.typical_p = s.top_k > 0 && random.below(2) ? 0.7 : 1;
  return s;
}

Call any_call(Random& random, int vocabulary, bool all_thin) {
  Call call;
  for (int r = 0; r < 3; r++) {
    call.ids.push_back(random_rows(random, 1, random.from(1, 9), vocabulary)[0]);
    call.into.push_back((r + 1) % 3);
    call.counts.push_back(static_cast<int32_t>(call.ids.back().size()));
    call.flat.insert(call.flat.end(), call.ids.back().begin(), call.ids.back().end());
  }
  for (int at = 0; at < static_cast<int>(call.flat.size()); at++) {
    if (random.below(3) == 0) continue;
    gpt2_ask ask = {};
    ask.at = at;
    ask.choice = random.below(4);
    if (all_thin && ask.choice == GPT2_CHOOSE_GIVEN) ask.choice = GPT2_CHOOSE_LARGEST;
    ask.token = random.below(vocabulary);
    ask.sampling = any_sampling(random);
    if (all_thin && ask.sampling.top_k == 0) ask.sampling.top_k = 7;
    ask.noise = random.below(1000) / 1e3;
    ask.top = all_thin ? -1 : random.from(-1, kTop);
    call.asks.push_back(ask);
  }
  return call;
}

Asked answer(const Engine& engine, Call& call, bool logits) {
  const int vocabulary = 53;
  const size_t n = call.asks.size();
  Asked found = {std::vector<gpt2_answer>(n), std::vector<int32_t>(n * kTop),
                 std::vector<float>(n * kTop), {}};
  for (size_t i = 0; logits && i < n; i++) {
    found.logits.emplace_back(static_cast<size_t>(vocabulary));
  }
  for (size_t i = 0; i < n; i++) call.asks[i].logits = logits ? found.logits[i].data() : nullptr;
  const Memory memory = new_memory(engine, 3, 40);
  CHECK(gpt2_extend_asked(engine.get(), memory.get(), 3, call.into.data(), call.counts.data(),
                          call.flat.data(), static_cast<int32_t>(n), call.asks.data(), kTop,
                          found.answers.data(), found.top.data(),
                          found.logprobs.data()) == GPT2_OK);
  for (int r = 0; r < 3; r++) CHECK(gpt2_cache_length(memory.get(), call.into[r]) == call.counts[r]);
  return found;
}

// The one answer of a call that asks the same of every token.
void check_answer(const Engine& engine, const Call& call, size_t i, const Asked& found) {
  const gpt2_ask& ask = call.asks[i];
  const gpt2_answer& a = found.answers[i];
  const size_t tokens = call.flat.size(), at = static_cast<size_t>(ask.at);
  const auto memory = [&] { return new_memory(engine, 3, 40); };
  const int32_t *into = call.into.data(), *counts = call.counts.data(), *ids = call.flat.data();
  std::vector<int32_t> top(tokens * kTop);
  std::vector<float> values(tokens * kTop);
  CHECK(gpt2_extend_top(engine.get(), memory().get(), 3, into, counts, ids, GPT2_LOGITS_ALL, kTop,
                        top.data(), values.data()) == GPT2_OK);
  const std::vector<double> noise(tokens, ask.noise);
  std::vector<int32_t> drawn(tokens);
  CHECK(gpt2_extend_draw(engine.get(), memory().get(), 3, into, counts, ids, GPT2_LOGITS_ALL,
                         &ask.sampling, noise.data(), drawn.data()) == GPT2_OK);
  const int32_t wanted[] = {-1, ask.token, top[at * kTop], drawn[at]};
  CHECK(a.token == wanted[ask.choice]);
  const auto logprob = [&](int32_t token) {
    std::vector<int32_t> targets(tokens, token);
    std::vector<float> logprobs(tokens);
    std::vector<uint8_t> greedy(tokens);
    CHECK(gpt2_extend_logprobs(engine.get(), memory().get(), 3, into, counts, ids, targets.data(),
                               logprobs.data(), greedy.data()) == GPT2_OK);
    return logprobs[at];
  };
  if (ask.top >= 0 && a.token >= 0) CHECK(a.logprob == logprob(a.token));
  if (ask.top < 0) CHECK(a.logprob == 0 && a.largest == 0 && a.log_sum == 0);
  if (ask.top >= 0) CHECK(a.largest == values[at * kTop]);
  for (int k = 0; k < ask.top; k++) {
    CHECK(found.top[i * kTop + k] == top[at * kTop + k]);
    CHECK(found.logprobs[i * kTop + k] == logprob(top[at * kTop + k]));
    const double by_hand = static_cast<double>(values[at * kTop + k]) - a.largest - a.log_sum;
    CHECK(found.logprobs[i * kTop + k] == static_cast<float>(by_hand));
  }
}

void each_is_answered_as_alone() {
  Random random(31);
  for (const int dtype : {GPT2_F32, GPT2_F16, GPT2_INT8, GPT2_INT4}) {
    for (const int exact : {GPT2_EXACT_HEAD_OFF, GPT2_EXACT_HEAD_ON}) {
      if (exact == GPT2_EXACT_HEAD_ON && dtype >= GPT2_INT8) continue;  // there is none for those
      const Engine engine = new_engine(kAwkward, {dtype, dtype, GPT2_F16, 2, nullptr, exact});
      for (int turn = 0; turn < 6; turn++) {
        Call call = any_call(random, kAwkward.vocabulary, turn % 2);
        const Asked found = answer(engine, call, false), again = answer(engine, call, true);
        const auto logits = extend(engine, new_memory(engine, 3, 40), kAwkward.vocabulary,
                                   call.into, call.ids);
        for (size_t i = 0; i < call.asks.size(); i++) {
          check_answer(engine, call, i, found);
          check_answer(engine, call, i, again);
          const auto line = logits.begin() + call.asks[i].at * kAwkward.vocabulary;
          CHECK(std::equal(again.logits[i].begin(), again.logits[i].end(), line));
        }
      }
    }
  }
}

// A row that can choose nothing tells so, and the others are answered.
void one_that_cannot_choose() {
  const Engine engine = empty_engine(kAwkward, {GPT2_F32, GPT2_F32, GPT2_F16, 2, nullptr});
  for (auto& [name, tensor] : random_tensors(kAwkward)) {
    Tensor changed = tensor;
    if (name == "transformer.wte.weight") {  // token 7 alone overflows where it is read
      std::fill_n(changed.values.begin() + 7 * kAwkward.width, kAwkward.width, 3e38f);
    }
    CHECK(set_tensor(engine.get(), name, changed));
  }
  Call call;
  call.ids = {{3, 4}, {7}, {5}};
  call.into = {0, 1, 2};
  call.counts = {2, 1, 1};
  call.flat = {3, 4, 7, 5};
  for (const int choice : {GPT2_CHOOSE_LARGEST, GPT2_CHOOSE_DRAWN}) {
    for (const int top_k : {0, 3}) {
      call.asks.clear();
      for (const int at : {1, 2, 3}) {
        gpt2_ask ask = {at, choice, 0, 2, {1, top_k, 0.9, 0, 1, 0, 0, 0}, 0.5, nullptr};
        call.asks.push_back(ask);
      }
      const Asked found = answer(engine, call, false);
      CHECK(found.answers[0].token >= 0 && found.answers[2].token >= 0);
      CHECK(found.answers[1].token == -1 && std::isnan(found.logprobs[kTop]));
      CHECK(std::isfinite(found.answers[0].logprob) && std::isfinite(found.answers[2].logprob));
    }
  }
}

void what_cannot_be_asked() {
  const Engine engine = new_engine(kAwkward, {GPT2_INT8, GPT2_INT8, GPT2_F16, 1, nullptr});
  const Memory memory = new_memory(engine, 1, 40);
  const int32_t row = 0, count = 2, ids[] = {1, 2};
  gpt2_answer answers[2];
  int32_t top[2 * kTop];
  float logprobs[2 * kTop];
  const auto status = [&](std::vector<gpt2_ask> asks, int k) {
    return gpt2_extend_asked(engine.get(), memory.get(), 1, &row, &count, ids,
                             static_cast<int32_t>(asks.size()), asks.data(), k, answers, top,
                             logprobs);
  };
  gpt2_ask good = {};
  good.sampling.temperature = good.sampling.top_p = good.sampling.typical_p = 1.0f;
  const auto with = [&](int at, int choice, int token, int wanted) {
    gpt2_ask ask = good;
    ask.at = at, ask.choice = choice, ask.token = token, ask.top = wanted;
    return ask;
  };
  gpt2_ask cold = with(1, GPT2_CHOOSE_DRAWN, 0, -1);
  cold.sampling.temperature = 0;
  const std::vector<std::vector<gpt2_ask>> wrong = {
      {with(2, 0, 0, -1)},
      {with(-1, 0, 0, -1)},
      {with(1, 0, 0, -1), with(1, 0, 0, -1)},
      {with(1, 0, 0, -1), with(0, 0, 0, -1)},
      {with(0, 4, 0, -1)},
      {with(0, -1, 0, -1)},
      {with(0, 0, 0, -2)},
      {with(0, 0, 0, kTop + 1)},
      {with(0, GPT2_CHOOSE_GIVEN, 53, 0)},
      {with(0, GPT2_CHOOSE_GIVEN, -1, 0)},
      {cold}};
  for (const auto& asks : wrong) CHECK(status(asks, kTop) == GPT2_INVALID);
  CHECK(status({good}, -1) == GPT2_INVALID && status({good}, 54) == GPT2_INVALID);
  CHECK(gpt2_cache_length(memory.get(), 0) == 0);
  CHECK(status({}, 0) == GPT2_OK && gpt2_cache_length(memory.get(), 0) == 2);
}

// A copied row goes on as the row it was copied from; the others stay as they were.
void copies() {
  Random random(33);
  const int V = kAwkward.vocabulary;
  for (const int kv : {GPT2_F16, GPT2_F32, GPT2_INT8}) {
    const Engine engine = new_engine(kAwkward, {GPT2_INT8, GPT2_INT8, kv, 2, nullptr});
    for (const int length : {0, 1, 15, 16, 17, 20}) {
      const Memory memory = new_memory(engine, 3, 40), alone = new_memory(engine, 3, 40);
      const Rows ids = random_rows(random, 3, 20, V), more = random_rows(random, 3, 5, V);
      extend(engine, memory, V, {0, 1, 2}, ids);
      const int32_t turned[] = {2, 0, 1};  // rows are not where they were made
      CHECK(gpt2_cache_gather(memory.get(), turned) == GPT2_OK);
      CHECK(gpt2_cache_copy(memory.get(), 0, 2, length) == GPT2_OK);
      CHECK(gpt2_cache_length(memory.get(), 2) == length);
      const std::vector<int32_t> begin(ids[2].begin(), ids[2].begin() + length);
      extend(engine, alone, V, {0, 1}, {ids[2], ids[0]});
      if (length) extend(engine, alone, V, {2}, {begin});
      const auto found = extend(engine, memory, V, {0, 1, 2}, more);
      CHECK(same_bits(found, extend(engine, alone, V, {0, 1, 2}, more)));
    }
    const Memory memory = new_memory(engine, 2, 40);
    extend(engine, memory, V, {0}, {{1, 2, 3}});
    CHECK(gpt2_cache_copy(memory.get(), 0, 0, 1) == GPT2_INVALID);
    CHECK(gpt2_cache_copy(memory.get(), 0, 2, 1) == GPT2_INVALID);
    CHECK(gpt2_cache_copy(memory.get(), -1, 1, 1) == GPT2_INVALID);
    CHECK(gpt2_cache_copy(memory.get(), 0, 1, 4) == GPT2_INVALID);
    CHECK(gpt2_cache_copy(memory.get(), 0, 1, -1) == GPT2_INVALID);
    CHECK(gpt2_cache_length(memory.get(), 1) == 0);
  }
}

}  // namespace

void test_asking() {
  each_is_answered_as_alone();
  one_that_cannot_choose();
  what_cannot_be_asked();
  copies();
}
