# The clients of the golden schemas, called: what arrives is what the wire should carry.
defmodule Wire do
  alias Golden.{Behaviours, Everything}

  def run do
    line = %{sku: "a"}
    pid = spawn_link(&answer/0)
    :size = Everything.Cart.size(pid)
    {:add, ^line, 2} = Everything.Cart.add(pid, line)
    {:add, ^line, 3} = Everything.Cart.add(pid, line, 3, 100)
    {:export_pdf, nil} = Everything.Cart.export_pdf(pid)
    request = Everything.Cart.checkout_async(pid, "c")
    {:reply, {:checkout, "c"}} = :gen_server.receive_response(request, 5000)

    {:start_link, {:"golden::everything.Cart", %{customer: 1}}} =
      Everything.Cart.start_link(pid, %{customer: 1})

    %{start: {Everything.Cart, :start_link, [^pid, %{customer: 1}]}} =
      Supervisor.child_spec({Everything.Cart, {pid, %{customer: 1}}}, [])

    :ok = Behaviours.Sized.grow(self())
    {:"$gen_cast", {:grow, 1}} = next()
    {:pay, "c"} = Behaviours.Payment.pay(pid, "c")
    :ok = Everything.Cart.news(self(), {:added, %{line: line}})
    {:news, {:added, %{line: ^line}}} = next()
    :ok = Behaviours.Audit.added(self(), 7, line)
    {:notify, {:added, 7, ^line}} = next()
    {:ok, _} = Behaviours.Prices.start_link()
    :ok = Behaviours.Prices.subscribe("a")
    :ok = Behaviours.Prices.publish_changed("a", %{cents: 1})
    {:"golden::behaviours.Prices", {"a"}, {:changed, %{cents: 1}}} = next()

    {:exception, :undef, [{:"golden::behaviours", :Reprice, ["a", 2], _} | _]} =
      try do
        Behaviours.Reprice.run(node(), "a")
      rescue
        error in ErlangError -> error.original
      end

    "say \"hi\"\n" = Everything.greeting()
    IO.puts("all that was sent arrived")
  end

  # Answers each call with what was asked.
  defp answer do
    receive do
      {:"$gen_call", from, request} -> GenServer.reply(from, request)
    end

    answer()
  end

  defp next do
    receive do
      message -> message
    after
      5000 -> :nothing
    end
  end
end

Wire.run()
