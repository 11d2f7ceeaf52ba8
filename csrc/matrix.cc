#include "matrix.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "error.h"
#include "half.h"

namespace gpt2 {

struct Matrix::Header {
  char magic[8];
  int32_t version, dtype, outputs, inputs, limit;
  int32_t unused[9];
};

namespace {

constexpr char kMagic[8] = {'g', 'p', 't', '2', 'p', 'a', 'c', 'k'};
constexpr int32_t kVersion = 2;
constexpr size_t kHeaderBytes = 64;

size_t padded_bytes(size_t n) { return (n + 63) / 64 * 64; }

size_t bytes_of_number(gpt2_dtype dtype) { return dtype == GPT2_F32 ? 4 : 2; }

size_t bytes_of_panel(gpt2_dtype dtype, int inputs) {
  const size_t wide = static_cast<size_t>(padded(inputs, kGroup));
  switch (dtype) {
    case GPT2_INT8:
      return wide * kLanes;
    case GPT2_INT4:
      return int4_panel(static_cast<int>(wide / kGroup));
    default:
      return padded_bytes(static_cast<size_t>(inputs) * kLanes * bytes_of_number(dtype));
  }
}

// Reads one number of a source, by its dtype.
struct ReadF32 {
  static float at(const void* data, size_t i) { return static_cast<const float*>(data)[i]; }
};
struct ReadF16 {
  static float at(const void* data, size_t i) {
    return float_from_half(static_cast<const uint16_t*>(data)[i]);
  }
};
struct ReadBF16 {
  static float at(const void* data, size_t i) {
    return float_from_bfloat(static_cast<const uint16_t*>(data)[i]);
  }
};

float number(gpt2_dtype dtype, const void* data, size_t i) {
  if (dtype == GPT2_F32) return ReadF32::at(data, i);
  return dtype == GPT2_F16 ? ReadF16::at(data, i) : ReadBF16::at(data, i);
}

// Transposes rows [first, first + kLanes) of a source to [inputs, 16].
template <class Read>
void turn(const Source& source, int first, int inputs, float* to) {
  for (int k = 0; k < inputs; k++, to += kLanes) {
    const size_t at = first * source.by_output + k * source.by_input;
    if (source.by_output == 1) {  // already contiguous
      for (int r = 0; r < kLanes; r++) to[r] = Read::at(source.data, at + r);
    } else {
      for (int r = 0; r < kLanes; r++) {
        to[r] = Read::at(source.data, at + r * source.by_output);
      }
    }
  }
}

bool all_finite(const float* x, size_t n) {
  bool finite = true;
  for (size_t i = 0; i < n; i++) finite &= x[i] - x[i] == 0;
  return finite;
}

}  // namespace

void read_numbers(gpt2_dtype dtype, const void* data, size_t n, float* to) {
  for (size_t i = 0; i < n; i++) to[i] = number(dtype, data, i);
  if (!all_finite(to, n)) throw NotFinite();
}

void Matrix::measure(gpt2_dtype dtype, int outputs, int inputs) {
  dtype_ = dtype;
  outputs_ = outputs;
  inputs_ = inputs;
  panel_bytes_ = bytes_of_panel(dtype, inputs);
  // With 32-bit addresses the product may overflow.
  if (static_cast<double>(panel_bytes_) * panels() > static_cast<double>(SIZE_MAX / 2)) {
    throw std::bad_alloc();
  }
  size_ = kHeaderBytes + panel_bytes_ * panels();
  if (integers()) size_ += 2 * padded_bytes(sizeof(float) * panels() * kLanes);
}

void Matrix::lay_out(const uint8_t* bytes) {
  bytes_ = bytes;
  panels_ = bytes + size_ - panel_bytes_ * panels();
  if (!integers()) return;
  scales_ = reinterpret_cast<const float*>(bytes + kHeaderBytes);
  sums_ = reinterpret_cast<const int32_t*>(bytes + kHeaderBytes +
                                           padded_bytes(sizeof(float) * panels() * kLanes));
}

size_t Matrix::packed_size(gpt2_dtype dtype, int outputs, int inputs) {
  Matrix matrix;
  matrix.measure(dtype, outputs, inputs);
  return matrix.size();
}

Matrix::Matrix(gpt2_dtype dtype, int outputs, int inputs, const Source& source, ThreadPool& pool,
               const Rounding& how) {
  static_assert(sizeof(Header) == kHeaderBytes);
  measure(dtype, outputs, inputs);
  own_ = Buffer(size_);
  lay_out(own_.as());
  // The sum of an output's integer magnitudes limits how large its activations may be.
  std::atomic<int64_t> sum{1};
  std::atomic<bool> finite{true}, fits{true};
  const size_t wide = static_cast<size_t>(padded(inputs, kGroup));
  std::vector<float> blocks(wide * kLanes * pool.threads());
  pool.run([&](const Worker& worker) {
    const Range share = worker.share(panels());
    float* block = blocks.data() + wide * kLanes * worker.index();
    int64_t largest = 1;
    for (int p = share.begin; p < share.end && finite && fits; p++) {
      if (!pack(p, source, block, how, &largest)) finite = false;
      if (!stored_finite(p)) fits = false;
    }
    int64_t most = sum.load();
    while (largest > most && !sum.compare_exchange_weak(most, largest)) {
    }
  });
  if (!finite) throw NotFinite();
  if (!fits)
    throw NotFinite{dtype == GPT2_F16 ? "values that fp16 cannot hold"
                                      : "values that bf16 cannot hold"};
  limit_ = static_cast<int>(std::min<int64_t>(kMostActivation, INT32_MAX / sum));
  Header header = {{}, kVersion, dtype, outputs, inputs, limit_, {}};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::memcpy(own_.as(), &header, sizeof header);
}

// The weights of one panel as fp32 [inputs, 16].
void Matrix::fill(int panel, const Source& source, float* to) const {
  const int first = panel * kLanes, count = std::min(kLanes, outputs_ - first);
  if (count == kLanes) {
    if (source.dtype == GPT2_F32) return turn<ReadF32>(source, first, inputs_, to);
    if (source.dtype == GPT2_F16) return turn<ReadF16>(source, first, inputs_, to);
    return turn<ReadBF16>(source, first, inputs_, to);
  }
  std::fill_n(to, static_cast<size_t>(inputs_) * kLanes, 0.0f);
  for (int k = 0; k < inputs_; k++) {
    for (int r = 0; r < count; r++) {
      const size_t at = (first + r) * source.by_output + k * source.by_input;
      to[k * kLanes + r] = number(source.dtype, source.data, at);
    }
  }
}

// Packs one panel, through `block` unless fp32 is stored. Returns false if numbers are not finite.
bool Matrix::pack(int panel, const Source& source, float* block, const Rounding& how,
                  int64_t* most) {
  const size_t n = static_cast<size_t>(inputs_) * kLanes;
  float* stored = reinterpret_cast<float*>(own_.as() + (panels_ - bytes_) + panel_bytes_ * panel);
  float* to = dtype_ == GPT2_F32 ? stored : block;
  fill(panel, source, to);
  if (!all_finite(to, n)) return false;
  if (dtype_ != GPT2_F32) *most = std::max(*most, pack_panel(panel, block, how));
  return true;
}

// Writes one panel and its scales; returns what the quantisers return.
int64_t Matrix::pack_panel(int panel, const float* block, const Rounding& how) {
  const int first = panel * kLanes, wide = padded(inputs_, kGroup);
  uint8_t* to = own_.as() + (panels_ - bytes_) + panel_bytes_ * panel;
  if (integers()) {
    const auto quantize = dtype_ == GPT2_INT8 ? quantize_int8 : quantize_int4;
    return quantize(block, wide, how, to, const_cast<float*>(scales_) + first,
                    const_cast<int32_t*>(sums_) + first);
  }
  const size_t n = static_cast<size_t>(inputs_) * kLanes;
  uint16_t* halves = reinterpret_cast<uint16_t*>(to);
  if (dtype_ == GPT2_F16) {
    for (size_t i = 0; i < n; i++) halves[i] = half_from_float(block[i]);
  } else {
    for (size_t i = 0; i < n; i++) halves[i] = bfloat_from_float(block[i]);
  }
  return 1;
}

// Whether rounding to 16 bits has kept a panel's numbers finite.
bool Matrix::stored_finite(int panel) const {
  if (integers() || dtype_ == GPT2_F32) return true;
  const uint16_t exponent = dtype_ == GPT2_F16 ? 0x7c00 : 0x7f80;
  const uint16_t* halves = reinterpret_cast<const uint16_t*>(panels_ + panel_bytes_ * panel);
  bool finite = true;
  const size_t n = static_cast<size_t>(inputs_) * kLanes;
  for (size_t i = 0; i < n; i++) finite &= (halves[i] & exponent) != exponent;
  return finite;
}

Matrix::Matrix(const void* bytes, size_t size, int outputs, int inputs) {
  require(size >= kHeaderBytes, GPT2_WEIGHTS, "packed weights are truncated");
  require(reinterpret_cast<uintptr_t>(bytes) % 4 == 0, GPT2_WEIGHTS,
          "packed weights must start at a multiple of 4 bytes");
  Header header;
  std::memcpy(&header, bytes, sizeof header);
  require(std::memcmp(header.magic, kMagic, sizeof kMagic) == 0, GPT2_WEIGHTS,
          "these bytes are not packed weights");
  require(header.version == kVersion, GPT2_WEIGHTS,
          "packed weights have version " + std::to_string(header.version) + ", expected version " +
              std::to_string(kVersion));
  require(header.dtype >= GPT2_F32 && header.dtype <= GPT2_INT4, GPT2_WEIGHTS,
          "packed weights of unknown dtype " + std::to_string(header.dtype));
  require(header.outputs == outputs && header.inputs == inputs, GPT2_WEIGHTS,
          "packed weights are " + std::to_string(header.inputs) + " x " +
              std::to_string(header.outputs) + ", expected " + std::to_string(inputs) + " x " +
              std::to_string(outputs));
  require(header.limit >= 1 && header.limit <= kMostActivation, GPT2_WEIGHTS,
          "packed weights have a damaged header");
  measure(static_cast<gpt2_dtype>(header.dtype), outputs, inputs);
  require(
      size == size_, GPT2_WEIGHTS,
      "packed weights have " + std::to_string(size) + " bytes, expected " + std::to_string(size_));
  limit_ = header.limit;
  lay_out(static_cast<const uint8_t*>(bytes));
}

Floats Matrix::floats(int first, int count) const {
  const size_t step = kLanes * bytes_of_number(dtype_);
  return {dtype_, panels_ + panel_bytes_ * first, panel_bytes_, step, count, inputs_, true};
}

Integers Matrix::quantized(int first, int count) const {
  return {dtype_, panels_ + panel_bytes_ * first, panel_bytes_, count, padded(inputs_, kGroup)};
}

void Matrix::row(int output, float* to) const {
  const uint8_t* panel = panels_ + panel_bytes_ * (output / kLanes);
  const int r = output % kLanes;
  for (int k = 0; k < inputs_; k++) {
    if (dtype_ == GPT2_INT8) {
      to[k] = static_cast<float>(static_cast<int8_t>(panel[int8_place(k, r)])) * scales_[output];
    } else if (dtype_ == GPT2_INT4) {
      const int byte = panel[int4_place(k, r)], nibble = k / kQuad % 2 ? byte >> 4 : byte & 15;
      const int scale = static_cast<int8_t>(panel[int4_scales(k / kGroup) + r]);
      to[k] = static_cast<float>(nibble - 8) * static_cast<float>(scale) * scales_[output];
    } else {
      to[k] = number(dtype_, panel, static_cast<size_t>(k) * kLanes + r);
    }
  }
}

}  // namespace gpt2
