// The range of a row as a mantissa of 16 bits and an exponent: the token scale (ARITH-6, ENC-7).
//
//   offset    E, the exponent of the row's potentials; 0 gives the scale of ENC-7 itself
//   mantissa  2^15 ... 2^16-1
//   exponent  e + E
module spike_normalise import spikeref_pkg::*; #(
  parameter int TIE_RULE = TIES
) (
  input  logic               clk,
  input  logic               reset,
  input  logic               range_valid,
  output logic               range_ready,
  input  logic        [31:0] range,
  input  logic signed [15:0] offset,
  output logic               scale_valid,
  input  logic               scale_ready,
  output logic        [15:0] mantissa,
  output logic signed [15:0] exponent
);
  logic signed [15:0] bits;
  logic signed [15:0] places;
  logic        [33:0] half;
  logic        [33:0] odd;
  logic        [33:0] rounded;
  logic               carry;

  always_comb begin
    bits = '0;
    for (int i = 0; i < 32; i++) if (range[i]) bits = 16'(i + 1);
  end

  assign places = bits - 16'sd16;
  assign half   = 34'd1 << (places - 16'sd1);
  assign odd    = (34'(range) >> places) & 34'd1;

  always_comb begin
    if (places <= 0)                     rounded = 34'(range) << -places;
    else if (TIE_RULE == TIES_HALF_EVEN) rounded = (34'(range) + half - 34'd1 + odd) >> places;
    else                                 rounded = (34'(range) + half) >> places;
  end

  // Rounding up may reach 2^16, one bit too many.
  assign carry = rounded > 34'hFFFF;
  assign range_ready = !scale_valid || scale_ready;

  always_ff @(posedge clk) begin
    if (reset) begin
      scale_valid <= 1'b0;
      mantissa    <= '0;
      exponent    <= '0;
    end else if (range_ready) begin
      scale_valid <= range_valid;
      if (range_valid) begin
        mantissa <= carry ? 16'h8000 : rounded[15:0];
        exponent <= places + 16'(carry) + offset;
      end
    end
  end
endmodule
