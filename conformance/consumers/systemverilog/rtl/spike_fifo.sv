// A queue of DEPTH words. A full one takes a word in the cycle in which it gives one, so that
// depth 1 keeps full speed and an end marker can follow its last event without a gap.
module spike_fifo #(
  parameter int WIDTH = 65,
  parameter int DEPTH = 1
) (
  input  logic             clk,
  input  logic             reset,
  input  logic             in_valid,
  output logic             in_ready,
  input  logic [WIDTH-1:0] in_data,
  output logic             out_valid,
  input  logic             out_ready,
  output logic [WIDTH-1:0] out_data
);
  localparam int POINTER_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam int LEVEL_BITS = $clog2(DEPTH + 1);

  logic [WIDTH-1:0] words [0:DEPTH-1];
  logic [POINTER_BITS-1:0] head;
  logic [POINTER_BITS-1:0] tail;
  logic   [LEVEL_BITS-1:0] level;
  logic push, pop;

  assign out_valid = level != 0;
  assign out_data  = words[head];
  assign in_ready  = (level != LEVEL_BITS'(DEPTH)) || out_ready;
  assign push      = in_valid && in_ready;
  assign pop       = out_valid && out_ready;

  function automatic logic [POINTER_BITS-1:0] after(input logic [POINTER_BITS-1:0] pointer);
    return (pointer == POINTER_BITS'(DEPTH - 1)) ? '0 : pointer + 1'b1;
  endfunction

  always_ff @(posedge clk) begin
    if (push) words[tail] <= in_data;
    if (reset) begin
      head  <= '0;
      tail  <= '0;
      level <= '0;
    end else begin
      if (push) tail <= after(tail);
      if (pop) head <= after(head);
      level <= level + LEVEL_BITS'(push) - LEVEL_BITS'(pop);
    end
  end
endmodule
