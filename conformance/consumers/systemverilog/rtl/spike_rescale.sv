// Sums to outputs: the product with token scale and channel scale is rounded once, biased, and
// saturated (OP-8, steps 2 and 3).
//
//   load_*      scale and bias of one target a beat
//   out_bits    B: 32 for q, k, v, gate, up; 40 for o, down
//   scale       of the row: mantissa m_t and exponent e_t + E; taken with the row's last sum
//   sum         |y| <= 2^30; a beat with a fault passes it on
//   out         16 fraction bits, B bits, sign-extended; saturated: B bits did not hold it
module spike_rescale import spikeref_pkg::*; #(
  parameter int TIE_RULE = TIES,
  parameter int TARGETS  = 16
) (
  input  logic                       clk,
  input  logic                       reset,
  input  logic                 [5:0] out_bits,
  input  logic                       load_valid,
  input  logic [$clog2(TARGETS)-1:0] load_target,
  input  logic                [15:0] load_mantissa,
  input  logic signed         [15:0] load_exponent,
  input  logic signed         [39:0] load_bias,
  input  logic                       scale_valid,
  output logic                       scale_ready,
  input  logic                [15:0] scale_mantissa,
  input  logic signed         [15:0] scale_exponent,
  input  logic                       sum_valid,
  output logic                       sum_ready,
  input  logic signed         [31:0] sum,
  input  logic                       sum_last,
  input  fault_e                     sum_fault,
  output logic                       out_valid,
  input  logic                       out_ready,
  output logic signed         [39:0] out,
  output logic                       out_saturated,
  output logic                       out_last,
  output fault_e                     out_fault
);
  localparam int LANE_BITS = $clog2(TARGETS);
  // A non-zero product is at least 2^30, so that from 10 places to the left on all saturate.
  localparam logic signed [15:0] LARGEST_LEFT = 16'sd10;
  // Beyond 63 places to the right every product of 62 bits is 0.
  localparam logic signed [15:0] LARGEST_RIGHT = 16'sd63;

  logic        [15:0] mantissas [0:TARGETS-1];
  logic signed [15:0] exponents [0:TARGETS-1];
  logic signed [39:0] biases    [0:TARGETS-1];

  always_ff @(posedge clk) if (load_valid) begin
    mantissas[load_target] <= load_mantissa;
    exponents[load_target] <= load_exponent;
    biases[load_target]    <= load_bias;
  end

  logic [LANE_BITS-1:0] lane;
  logic signed [79:0] product;
  logic signed [15:0] shift, right, left;
  logic signed [79:0] half, odd, rounded, biased, largest, smallest, limited;

  assign product = 80'(sum) * $signed({64'd0, scale_mantissa}) * $signed({64'd0, mantissas[lane]});
  assign shift   = -(scale_exponent + exponents[lane] + 16'sd16);
  assign right   = (shift > LARGEST_RIGHT) ? LARGEST_RIGHT : shift;
  assign left    = (-shift > LARGEST_LEFT) ? LARGEST_LEFT : -shift;
  assign half    = 80'sd1 <<< (right - 16'sd1);
  assign odd     = (product >>> right) & 80'sd1;

  always_comb begin
    if (shift <= 0)                      rounded = product <<< left;
    else if (TIE_RULE == TIES_HALF_EVEN) rounded = (product + half - 80'sd1 + odd) >>> right;
    else                                 rounded = (product + half) >>> right;
  end

  assign biased   = rounded + 80'(biases[lane]);
  assign largest  = (80'sd1 <<< (out_bits - 6'd1)) - 80'sd1;
  assign smallest = -largest - 80'sd1;
  assign limited  = (biased > largest) ? largest : (biased < smallest) ? smallest : biased;

  assign sum_ready   = scale_valid && (!out_valid || out_ready);
  assign scale_ready = sum_valid && sum_ready && sum_last;

  always_ff @(posedge clk) begin
    if (reset) begin
      lane          <= '0;
      out_valid     <= 1'b0;
      out           <= '0;
      out_saturated <= 1'b0;
      out_last      <= 1'b0;
      out_fault     <= FAULT_NONE;
    end else if (!out_valid || out_ready) begin
      out_valid <= sum_valid && sum_ready;
      if (sum_valid && sum_ready) begin
        lane          <= sum_last ? '0 : lane + 1'b1;
        out           <= (sum_fault == FAULT_NONE) ? limited[39:0] : '0;
        out_saturated <= (sum_fault == FAULT_NONE) && limited != biased;
        out_last      <= sum_last;
        out_fault     <= sum_fault;
      end
    end
  end
endmodule
