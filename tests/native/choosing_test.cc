// Choosing tokens, for every table of loops, against a plain way: sort, add up, look.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "error.h"
#include "select.h"
#include "small_model.h"
#include "warp.h"

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kAlmostOne = 1 - 1.0 / (1LL << 53);
// Around the widths of vectors (4, 8, 16) and of parts (64), and more parts than a top_k has picks.
constexpr int kVocabularies[] = {1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 129, 200, 1000, 8400};

using Numbers = std::vector<float>;

template <class Work>
void each_table(const Work& work) {
  for (const char* name : kTables) {
    if (const gpt2::Kernels* kernels = gpt2::find_kernels(name)) work(*kernels);
  }
}

// Logits of several kinds: ordinary, far apart, with many equals, all equal, of the largest sizes,
// most of them forbidden, of the smallest sizes.
Numbers kind_of_row(Random& random, int n, int kind) {
  Numbers x = random.normals(static_cast<size_t>(n), kind == 1 ? 30.0f : 2.0f);
  for (float& value : x) {
    if (kind == 2) value = std::round(value * 2) / 2;
    if (kind == 3) value = x[0];
    if (kind == 4) value *= 1e37f;
    if (kind == 5 && random.below(9)) value = -kInfinity;
    if (kind == 6) value *= 1e-39f;
  }
  if (kind == 5) x[static_cast<size_t>(random.below(n))] = random.normal();
  return x;
}

// ---- Weights ----

// exp(d) in units of 2^-30, a number at a time; the same roundings as in
// src/gpt2/generation/exponential.py.
int32_t plain_weight(float d) {
  d = d > -22.5f ? d : -22.5f;
  const float n = std::nearbyint(d * 1.44269504f);
  const float r = (d - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  for (const float c : {8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f}) {
    p = p * r + c;
  }
  p = p * r * r + r + 1.0f;
  return static_cast<int32_t>(std::nearbyint(std::ldexp(p, static_cast<int>(n) + 30)));
}

void weights() {
  Random random(21);
  Numbers scores = {0, -0.0f, -kInfinity, -22.5f, -21.4f, -1e-30f, -87.0f, -3e38f};
  for (int i = 0; i < 20000; i++) scores.push_back(-std::fabs(random.normal()) * 6);
  const auto exact = [](float d) { return std::ldexp(std::exp(static_cast<double>(d)), 30); };
  for (const float d : scores) {
    CHECK(std::fabs(plain_weight(d) - exact(d)) <= 0.501 + exact(d) / (1 << 22));
    CHECK(gpt2::weight(d) == plain_weight(d));
  }
  each_table([&](const gpt2::Kernels& kernels) {
    const gpt2::Selector selector(kernels, 5);
    for (const size_t n : {size_t(1), size_t(63), size_t(64), size_t(65), scores.size()}) {
      std::vector<int32_t> found(n);
      selector.weights(static_cast<int>(n), scores.data(), found.data());
      for (size_t i = 0; i < n; i++) CHECK(found[i] == plain_weight(scores[i]));
    }
  });
}

// ---- The k largest ----

// The ids in the order of what they have: NaN, then the largest first, equals by id.
std::vector<int32_t> in_order(const Numbers& x) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < x.size(); i++) ids.push_back(static_cast<int32_t>(i));
  const auto rank = [&](int32_t id) { return std::isnan(x[id]) ? 1 : 0; };
  std::stable_sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) {
    return rank(a) > rank(b) || (rank(a) == rank(b) && x[a] > x[b]);
  });
  return ids;
}

void check_top(gpt2::Selector& selector, gpt2::ThreadPool& team, const std::vector<Numbers>& rows,
               int k) {
  const int n = static_cast<int>(rows[0].size()), count = static_cast<int>(rows.size());
  float* logits = selector.logits(count);
  for (const Numbers& row : rows) logits = std::copy(row.begin(), row.end(), logits);
  std::vector<int32_t> ids(static_cast<size_t>(count) * k);
  Numbers values(ids.size());
  selector.top(team, count, std::min(k, n), ids.data(), values.data());
  for (int r = 0; r < count; r++) {
    const auto wanted = in_order(rows[r]);
    for (int i = 0; i < std::min(k, n); i++) {
      const size_t at = static_cast<size_t>(r) * std::min(k, n) + i;
      CHECK(ids[at] == wanted[i]);
      CHECK(std::memcmp(&values[at], &rows[r][wanted[i]], sizeof(float)) == 0);
    }
  }
}

void the_largest() {
  Random random(22);
  for (const int n : kVocabularies) {
    each_table([&](const gpt2::Kernels& kernels) {
      for (const int threads : {1, 2}) {
        gpt2::Selector selector(kernels, n);
        gpt2::ThreadPool team(threads);
        for (int kind = 0; kind < 9; kind++) {
          std::vector<Numbers> rows;
          for (int r = 0; r < 3; r++) rows.push_back(kind_of_row(random, n, kind % 7));
          for (const float odd : {kNan, kInfinity, -kInfinity}) {  // in the last two kinds
            for (int i = 0; kind > 6 && i < n / 20 + kind - 7; i++) {
              rows[1][static_cast<size_t>(random.below(n))] = odd;
            }
          }
          for (const int k : {1, 2, 40, gpt2::kMostTop}) check_top(selector, team, rows, k);
        }
      }
    });
  }
}

// ---- Draws ----

struct Pick {
  int id;
  float score;
  int32_t weight;
};

void weigh(std::vector<Pick>& picks) {
  float best = -kInfinity;
  for (const Pick& pick : picks) best = std::max(best, pick.score);
  for (Pick& pick : picks) pick.weight = plain_weight(pick.score - best);
}

double mass(const std::vector<Pick>& picks) {
  double sum = 0;  // exact: integers below 2^53
  for (const Pick& pick : picks) sum += pick.weight;
  return sum;
}

int plain_draw(const Numbers& x, const gpt2_sampling& s, double noise) {
  std::vector<Pick> picks;
  for (size_t i = 0; i < x.size(); i++) {
    picks.push_back({static_cast<int>(i), x[i] / s.temperature, 0});
  }
  std::stable_sort(picks.begin(), picks.end(),  // the worst first
                   [](const Pick& a, const Pick& b) { return a.score < b.score; });
  if (s.top_k > 0 && s.top_k < static_cast<int>(x.size())) {
    const float least = picks[picks.size() - s.top_k].score;
    size_t out = 0;
    while (picks[out].score < least) out++;
    picks.erase(picks.begin(), picks.begin() + out);
  }
  weigh(picks);
  if (s.top_p < 1) {
    const double limit = (1 - s.top_p) * mass(picks);
    double running = picks[0].weight;
    size_t out = 0;
    while (out + 1 < picks.size() && running <= limit) running += picks[++out].weight;
    picks.erase(picks.begin(), picks.begin() + out);
  }
  const double least_weight = s.min_p * gpt2::kWhole;
  picks.erase(std::remove_if(picks.begin(), picks.end(),
                             [&](const Pick& pick) { return pick.weight < least_weight; }),
              picks.end());
  std::sort(picks.begin(), picks.end(), [](const Pick& a, const Pick& b) { return a.id < b.id; });
  if (gpt2::warps(s)) {  // which is looked at below
    Numbers scores;
    for (const Pick& pick : picks) scores.push_back(pick.score);
    gpt2::warp(s, scores);
    for (size_t i = 0; i < picks.size(); i++) picks[i].score = scores[i];
    weigh(picks);
  }
  const double target = noise * mass(picks);
  double running = 0;
  for (const Pick& pick : picks) {
    running += pick.weight;
    if (running > target) return pick.id;
  }
  return -1;
}

gpt2_sampling any_sampling(Random& random) {
  const auto any = [&](std::vector<double> values) {
    return values[static_cast<size_t>(random.below(static_cast<int>(values.size())))];
  };
  gpt2_sampling s = {};
  s.temperature = static_cast<float>(any({0.1, 0.7, 1, 1, 1.7, 3e38}));
  s.top_k = static_cast<int>(any({0, 0, 1, 2, 40, 64, 128, 300, 9999}));
  s.top_p = any({0, 0.5, 0.9, 0.95, 1 - 1e-7, 1, 1});
  s.min_p = any({0, 0, 0.02, 0.6, 1});
  s.typical_p = 1;
  if (s.top_k < 1 || s.top_k > gpt2::kMostTop || random.below(2)) return s;
  s.typical_p = any({0.01, 0.5, 0.9, 1, 1});
  s.epsilon = any({0, 0, 3e-4, 0.1});
  s.eta = any({0, 0, 3e-4, 0.1});
  s.renormalize = random.below(2);
  return s;
}

std::vector<int32_t> draw(gpt2::Selector& selector, gpt2::ThreadPool& team,
                          const std::vector<Numbers>& rows, const gpt2_sampling& sampling,
                          const std::vector<double>& noise) {
  const int count = static_cast<int>(rows.size());
  float* logits = selector.logits(count);
  for (const Numbers& row : rows) logits = std::copy(row.begin(), row.end(), logits);
  std::vector<int32_t> tokens(rows.size(), -1);
  selector.draw(team, count, sampling, noise.data(), tokens.data());
  return tokens;
}

// A row with only those logits left that `needed` asks for.
Numbers thinned(const Numbers& row, const gpt2::Largest& needed) {
  if (needed.k == 0) return row;
  Numbers sorted = row, left = row;
  std::sort(sorted.rbegin(), sorted.rend());
  const float least = sorted[static_cast<size_t>(needed.k) - 1] / needed.divisor;
  for (float& x : left) x = x / needed.divisor >= least ? x : -kInfinity;
  return left;
}

void draws() {
  Random random(23);
  for (const int n : kVocabularies) {
    for (int turn = 0; turn < (n < 1000 ? 60 : 25); turn++) {
      const gpt2_sampling sampling = any_sampling(random);
      std::vector<Numbers> rows, thin;
      std::vector<double> noise = {0, kAlmostOne, random.below(8) / 8.0, random.below(9999) / 1e4};
      for (size_t r = 0; r < noise.size(); r++) {
        rows.push_back(kind_of_row(random, n, random.below(7)));
      }
      if (sampling.temperature < 1) {  // divided, the largest would overflow
        for (Numbers& row : rows) {
          for (float& x : row) x = std::min(x, 1e37f);
        }
      }
      std::vector<int32_t> wanted;
      for (size_t r = 0; r < rows.size(); r++) {
        wanted.push_back(plain_draw(rows[r], sampling, noise[r]));
      }
      each_table([&](const gpt2::Kernels& kernels) {
        gpt2::Selector selector(kernels, n);
        gpt2::ThreadPool one(1), two(2);
        if (thin.empty()) {
          for (const auto& row : rows) thin.push_back(thinned(row, selector.needed(sampling)));
        }
        CHECK(draw(selector, one, rows, sampling, noise) == wanted);
        CHECK(draw(selector, two, rows, sampling, noise) == wanted);
        CHECK(draw(selector, two, thin, sampling, noise) == wanted);
      });
    }
  }
}

// A row with nothing to draw from is an error, wherever it stands; the next draw is as before.
void nothing_to_draw() {
  gpt2_sampling samplings[3] = {};
  for (gpt2_sampling& s : samplings) s.temperature = s.top_p = s.typical_p = 1;
  samplings[1].top_k = 3;
  samplings[2].top_p = 0.9;
  each_table([&](const gpt2::Kernels& kernels) {
    gpt2::ThreadPool team(2);
    for (const int n : {1, 16, 70, 200}) {
      gpt2::Selector selector(kernels, n);
      for (const gpt2_sampling& sampling : samplings) {
        const std::vector<Numbers> good(3, Numbers(static_cast<size_t>(n), 0.5f));
        for (const float bad : {kNan, kInfinity, -kInfinity}) {
          auto rows = good;
          if (bad == -kInfinity) std::fill(rows[2].begin(), rows[2].end(), bad);
          rows[2].back() = bad;
          bool refused = false;
          try {
            draw(selector, team, rows, sampling, {0.5, 0.5, 0.5});
          } catch (const gpt2::Error& error) {
            refused = error.status == GPT2_INVALID;
          }
          CHECK(refused);
        }
        const auto tokens = draw(selector, team, good, sampling, {0, 0, kAlmostOne});
        CHECK(tokens[0] == plain_draw(good[0], sampling, 0) && tokens[2] == n - 1);
      }
    }
  });
}

// ---- What looks at probabilities ----

struct Probabilities {
  std::vector<double> logs, masses;
  double entropy = 0;
};

Probabilities probabilities(const Numbers& scores) {
  Probabilities found;
  const double best = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (const float x : scores) sum += std::exp(x - best);
  for (const float x : scores) {
    const double log = x - best - std::log(sum), mass = std::exp(log);
    found.logs.push_back(log);
    found.masses.push_back(mass);
    if (mass > 0) found.entropy -= mass * log;
  }
  return found;
}

// What is left, in double precision; empty where single precision may decide otherwise.
std::vector<bool> typical(const Numbers& scores, double p) {
  const Probabilities all = probabilities(scores);
  const auto far = [&](size_t i) { return std::fabs(-all.logs[i] - all.entropy); };
  std::vector<size_t> order(scores.size());
  for (size_t i = 0; i < order.size(); i++) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return far(a) < far(b); });
  size_t last = 0;
  double sum = all.masses[order[0]], before = 0;
  while (sum < p && last + 1 < order.size()) before = sum, sum += all.masses[order[++last]];
  if (std::fabs(sum - p) < 1e-5 || std::fabs(before - p) < 1e-5) return {};
  std::vector<bool> left;
  for (size_t i = 0; i < scores.size(); i++) {
    const double gap = far(i) - far(order[last]);
    if (scores[i] != scores[order[last]] && std::fabs(gap) < 1e-4) return {};
    left.push_back(scores[i] == scores[order[last]] || gap <= 0);
  }
  left[order[0]] = true;
  return left;
}

std::vector<bool> not_below(const Numbers& scores, double least) {
  const Probabilities all = probabilities(scores);
  const float best = *std::max_element(scores.begin(), scores.end());
  std::vector<bool> left;
  for (size_t i = 0; i < scores.size(); i++) {
    if (std::fabs(all.masses[i] - least) < 1e-5 * least) return {};
    left.push_back(scores[i] == best || all.masses[i] >= least);
  }
  return left;
}

int check_left(const gpt2_sampling& sampling, const Numbers& scores,
               const std::vector<bool>& left) {
  if (left.empty()) return 0;
  Numbers found = scores;
  gpt2::warp(sampling, found);
  for (size_t i = 0; i < scores.size(); i++) {
    CHECK(left[i] ? found[i] == scores[i] : found[i] == -kInfinity);
  }
  return 1;
}

void warpers() {
  Random random(24);
  int checked = 0;
  for (int turn = 0; turn < 2000; turn++) {
    Numbers scores = kind_of_row(random, random.from(1, 128), turn % 7);
    if (turn % 7 == 4) continue;  // differences of 1e37 have no logarithm in single precision
    gpt2_sampling off = {};
    off.temperature = off.top_p = off.typical_p = 1;
    const double p = random.from(1, 99) / 100.0, least = std::pow(10, -random.below(40) / 10.0);
    gpt2_sampling s = off;
    s.typical_p = p;
    checked += check_left(s, scores, typical(scores, p));
    s = off;
    s.epsilon = least;
    if (least < 1) checked += check_left(s, scores, not_below(scores, least));
    s = off;
    s.eta = least;
    const double limit =
        std::min(least, std::sqrt(least) * std::exp(-probabilities(scores).entropy));
    if (least < 1) checked += check_left(s, scores, not_below(scores, limit));
    s = off;
    s.renormalize = 1;
    const Probabilities all = probabilities(scores);
    gpt2::warp(s, scores);
    for (size_t i = 0; i < scores.size(); i++) {
      CHECK(scores[i] == all.logs[i] ||
            std::fabs(scores[i] - all.logs[i]) <= 1e-6 * (1 + std::fabs(all.logs[i])));
    }
  }
  CHECK(checked > 3000);
}

// ---- The exact head ----

struct Chosen {
  std::vector<int32_t> top, drawn;
  Numbers values;
};

Chosen choose(const Engine& engine, const Rows& ids, int k, const gpt2_sampling& sampling) {
  const auto rows = static_cast<int32_t>(ids.size());
  std::vector<int32_t> into, counts, flat;
  for (const auto& row : ids) {
    into.push_back(static_cast<int32_t>(into.size()));
    counts.push_back(static_cast<int32_t>(row.size()));
    flat.insert(flat.end(), row.begin(), row.end());
  }
  Chosen found = {std::vector<int32_t>(ids.size() * k), std::vector<int32_t>(ids.size()),
                  Numbers(ids.size() * k)};
  const Memory one = new_memory(engine, rows, 8), two = new_memory(engine, rows, 8);
  CHECK(gpt2_extend_top(engine.get(), one.get(), rows, into.data(), counts.data(), flat.data(),
                        GPT2_LOGITS_LAST, k, found.top.data(), found.values.data()) == GPT2_OK);
  const std::vector<double> noise(ids.size(), 0.7);
  CHECK(gpt2_extend_draw(engine.get(), two.get(), rows, into.data(), counts.data(), flat.data(),
                         GPT2_LOGITS_LAST, &sampling, noise.data(), found.drawn.data()) == GPT2_OK);
  return found;
}

void the_exact_head() {
  Random random(25);
  constexpr gpt2_shape kHeads[] = {{53, 8, 36, 1, 3, 50, GPT2_GELU, 1, 1, 0, 1e-5f},
                                   {1500, 8, 48, 1, 2, 32, GPT2_GELU_TANH, 1, 0, 1, 1e-5f}};
  each_table([&](const gpt2::Kernels& kernels) {
    for (const gpt2_shape& shape : kHeads) {
      for (const int dtype : {GPT2_F32, GPT2_F16, GPT2_BF16}) {
        const auto engine = [&](int exact) {
          return new_engine(shape, {dtype, dtype, GPT2_F16, 2, kernels.name, exact});
        };
        const Engine exact = engine(GPT2_EXACT_HEAD_ON), whole = engine(GPT2_EXACT_HEAD_OFF);
        for (const int k : {1, 7, 50}) {
          gpt2_sampling sampling = {};
          sampling.temperature = 0.8f;
          sampling.top_k = k;
          sampling.top_p = sampling.typical_p = 1;
          const Rows ids = random_rows(random, random.from(1, 8), 3, shape.vocabulary);
          const Chosen found = choose(exact, ids, k, sampling);
          const Chosen wanted = choose(whole, ids, k, sampling);
          CHECK(found.top == wanted.top && same_bits(found.values, wanted.values));
          CHECK(found.drawn == wanted.drawn);
        }
        gpt2_rescored counts;
        CHECK(gpt2_engine_rescored(exact.get(), &counts) == GPT2_OK && counts.rows > 0);
        CHECK(gpt2_engine_rescored(whole.get(), &counts) == GPT2_OK && counts.rows == 0);
      }
    }
  });
}

}  // namespace

void test_choosing() {
  weights();
  the_largest();
  draws();
  nothing_to_draw();
  warpers();
  the_exact_head();
}
