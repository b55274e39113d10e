// Rules of a ready/valid stream: handshakes are known, data are known under valid, and a beat that
// was not taken stays as it is until it is.
module stream_rules #(
  parameter int WIDTH = 1,
  parameter NAME = "stream"
) (
  input logic             clk,
  input logic             reset,
  input logic             valid,
  input logic             ready,
  input logic [WIDTH-1:0] data
);
  logic             held = 1'b0;
  logic [WIDTH-1:0] kept;

  always @(posedge clk) begin
    if (!reset) begin
      if ((valid ^ ready) === 1'bx) $fatal(1, "FAIL rule=handshake-unknown stream=%s", NAME);
      if (valid && (^data) === 1'bx) $fatal(1, "FAIL rule=data-unknown stream=%s", NAME);
      if (held && !valid) $fatal(1, "FAIL rule=valid-fell stream=%s", NAME);
      if (held && data !== kept) $fatal(1, "FAIL rule=data-changed stream=%s", NAME);
    end
    held <= !reset && valid && !ready;
    kept <= data;
  end
endmodule
