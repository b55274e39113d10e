// Rules of a ready/valid stream: handshakes are known, data are known under valid, and a beat that
// was not taken stays as it is until it is. The case that runs is read from the replay bench.
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

  task automatic broken(input string rule);
    $fatal(1, "FAIL operation=%s case=%s rule=%s stream=%s",
           replay.operation, replay.id, rule, NAME);
  endtask

  always @(posedge clk) begin
    if (!reset) begin
      if ((valid ^ ready) === 1'bx) broken("handshake-unknown");
      if (valid && (^data) === 1'bx) broken("data-unknown");
      if (held && !valid) broken("valid-fell");
      if (held && data !== kept) broken("data-changed");
    end
    held <= !reset && valid && !ready;
    kept <= data;
  end
endmodule
