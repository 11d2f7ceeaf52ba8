#include "ask.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "error.h"

namespace gpt2 {

namespace {

bool judges(const gpt2_ask& ask) { return ask.top >= 0; }

// How many of the largest logits an ask needs.
int count(const gpt2_ask& ask) {
  return std::max({ask.top, 0, ask.choice == GPT2_CHOOSE_LARGEST ? 1 : 0});
}

// Whether an ask needs every logit.
bool needs_all(const Selector& selector, const gpt2_ask& ask) {
  if (ask.logits || judges(ask) || ask.choice == GPT2_CHOOSE_GIVEN) return true;
  return ask.choice == GPT2_CHOOSE_DRAWN && selector.needed(ask.sampling).k == 0;
}

}  // namespace

void require_asks(const Selector& selector, int tokens, int n, const gpt2_ask* asks, int k) {
  const int vocabulary = selector.vocabulary(), most = std::min(kMostTop, vocabulary);
  require(k >= 0 && k <= most, GPT2_INVALID,
          "cannot return the " + std::to_string(k) + " largest logits; at most " +
              std::to_string(most) + " are possible");
  for (int i = 0, before = -1; i < n; before = asks[i++].at) {
    const gpt2_ask& ask = asks[i];
    require(ask.at > before && ask.at < tokens, GPT2_INVALID,
            "asks must name new tokens of the call, each once and in order");
    require(ask.choice >= GPT2_CHOOSE_NONE && ask.choice <= GPT2_CHOOSE_DRAWN, GPT2_INVALID,
            "unknown choice " + std::to_string(ask.choice));
    require(ask.top >= -1 && ask.top <= k, GPT2_INVALID,
            "an ask requests the " + std::to_string(ask.top) +
                " largest logits; there is room for " + std::to_string(k));
    if (ask.choice == GPT2_CHOOSE_GIVEN) {
      require(ask.token >= 0 && ask.token < vocabulary, GPT2_INVALID,
              "target " + std::to_string(ask.token) + "; the vocabulary has " +
                  std::to_string(vocabulary));
    }
    if (ask.choice == GPT2_CHOOSE_DRAWN) require_sampling(ask.sampling);
  }
}

// The maximum over the asks. The largest divisor has the widest margin, except 1, which has none.
Largest Asker::needed(const gpt2_ask* asks, int n) const {
  Largest all = {0, 0};
  bool divided = false;
  for (int i = 0; i < n; i++) {
    if (needs_all(selector_, asks[i])) return {};
    Largest one = {count(asks[i]), 1};
    if (asks[i].choice == GPT2_CHOOSE_DRAWN) one = selector_.needed(asks[i].sampling);
    divided = divided || one.divisor != 1;
    all = {std::max(all.k, one.k), std::max(all.divisor, one.divisor)};
  }
  if (divided && all.divisor == 1) all.divisor = std::nextafter(1.0f, 2.0f);
  return all;
}

void Asker::answer(ThreadPool& pool, const gpt2_ask* asks, int n, int k, gpt2_answer* answers,
                   int32_t* ids, float* values) {
  const int width = selector_.vocabulary();
  const float* logits = selector_.logits(n);
  for (int i = 0; i < n; i++, logits += width) {
    answers[i] = {asks[i].choice == GPT2_CHOOSE_GIVEN ? asks[i].token : -1, 0, 0, 0};
    if (asks[i].logits) std::copy(logits, logits + width, asks[i].logits);
  }
  judge(pool, asks, n);
  find_largest(pool, asks, n, k, answers, ids, values);
  draw(pool, asks, n, answers);
  for (size_t j = 0; j < judged_.size(); j++) {
    const int row = static_cast<int>(j);
    gpt2_answer& a = answers[judged_[j]];
    a.largest = logprobs_.largest(row);
    a.log_sum = logprobs_.log_sum(row);
    if (a.token >= 0) a.logprob = logprobs_.logprob(row, kept_[j]);
    float* lines = values + static_cast<size_t>(judged_[j]) * k;
    for (int i = 0; i < asks[judged_[j]].top; i++) lines[i] = logprobs_.logprob(row, lines[i]);
  }
}

// Computes the log-sum-exp for the asks that want log-probabilities.
void Asker::judge(ThreadPool& pool, const gpt2_ask* asks, int n) {
  judged_.clear();
  for (int i = 0; i < n; i++) {
    if (judges(asks[i])) judged_.push_back(i);
  }
  none_.assign(judged_.size(), -1);
  logprobs_.start(none_.data(), static_cast<int>(judged_.size()));
  if (!judged_.empty()) logprobs_.reduce(pool, selector_.logits(n), judged_.data());
}

void Asker::find_largest(ThreadPool& pool, const gpt2_ask* asks, int n, int k, gpt2_answer* answers,
                         int32_t* ids, float* values) {
  tops_.clear();
  best_.resize(n);
  best_value_.resize(n);
  for (int i = 0; i < n; i++) {
    const size_t at = static_cast<size_t>(i) * k;
    if (asks[i].top > 0) {
      tops_.push_back({i, asks[i].top, ids + at, values + at});
    } else if (count(asks[i]) > 0) {
      tops_.push_back({i, 1, &best_[i], &best_value_[i]});
    }
  }
  if (!tops_.empty()) selector_.top(pool, tops_);
  for (const Selector::Top& top : tops_) {
    if (asks[top.line].choice == GPT2_CHOOSE_LARGEST && !std::isnan(top.values[0])) {
      answers[top.line].token = top.ids[0];
    }
  }
}

// Draws, and keeps the logits of the tokens that are scored.
void Asker::draw(ThreadPool& pool, const gpt2_ask* asks, int n, gpt2_answer* answers) {
  const size_t width = selector_.vocabulary();
  draws_.clear();
  for (int i = 0; i < n; i++) {
    if (asks[i].choice != GPT2_CHOOSE_DRAWN) continue;
    draws_.push_back({i, &asks[i].sampling, asks[i].noise, &answers[i].token});
  }
  std::vector<float> lines;  // copies of logits that a draw overwrites
  for (const int i : judged_) {
    if (asks[i].choice != GPT2_CHOOSE_DRAWN || selector_.is_few(asks[i].sampling)) continue;
    const float* line = selector_.logits(n) + i * width;
    lines.insert(lines.end(), line, line + width);
  }
  if (!draws_.empty()) selector_.draw(pool, draws_);
  kept_.assign(judged_.size(), 0);
  const float* line = lines.data();
  for (size_t j = 0; j < judged_.size(); j++) {
    const int i = judged_[j], token = answers[i].token;
    const bool spent = asks[i].choice == GPT2_CHOOSE_DRAWN && !selector_.is_few(asks[i].sampling);
    const float* from = spent ? line : selector_.logits(n) + i * width;
    if (token >= 0) kept_[j] = from[token];
    if (spent) line += width;
  }
}

}  // namespace gpt2
