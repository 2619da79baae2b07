%% The clients of the golden schemas, called: what arrives is what the wire should carry.
-module(wire).
-export([main/0]).

main() ->
  Line = #{sku => <<"a">>},
  Pid = erlang:spawn_link(fun answer/0),
  %% Calls: an atom without parameters, a tuple with them; defaults are filled in.
  size = golden_everything_cart:size(Pid),
  {add, Line, 2} = golden_everything_cart:add(Pid, Line),
  {add, Line, 3} = golden_everything_cart:add(Pid, Line, 3),
  {add, Line, 3} = golden_everything_cart:add(Pid, Line, 3, 100),
  {export_pdf, undefined} = golden_everything_cart:export_pdf(Pid),
  {reply, {checkout, <<"c">>}} =
    gen_server:receive_response(golden_everything_cart:checkout_async(Pid, <<"c">>), 5000),
  {start_link, {'golden::everything.Cart', #{customer := 1}}} =
    golden_everything_cart:start_link(Pid, #{customer => 1}),
  #{start := {golden_everything_cart, start_link, [Pid, #{}]}} =
    golden_everything_cart:child_spec(Pid, #{}),
  {grow, 1} = cast_of(fun golden_behaviours_sized:grow/1),
  {put, Line, Places} = cast_of(fun(To) -> golden_everything_cart:put(To, Line) end),
  0 = map_size(Places),
  %% A state machine is called as gen_statem calls.
  {pay, <<"c">>} = golden_behaviours_payment:pay(Pid, <<"c">>),
  {button, <<"1">>} = cast_of(fun(To) -> golden_behaviours_door:button(To, <<"1">>) end),
  ok = golden_everything_cart:tick(erlang:self()),
  tick = next(),
  ok = golden_everything_cart:news(erlang:self(), {added, #{line => Line}}),
  {news, {added, #{line := Line}}} = next(),
  %% Events and handlers.
  ok = golden_behaviours_audit:added(erlang:self(), 7, Line),
  {notify, {added, 7, Line}} = next(),
  ok = golden_behaviours_audit:cleared(erlang:self()),
  {notify, cleared} = next(),
  {call, 'golden::behaviours.AuditLog', {reset, 3}} = golden_behaviours_audit_log:reset(Pid, 3),
  {add_handler, 'golden::behaviours.AuditLog', #{path := <<"p">>}} =
    golden_behaviours_audit_log:add_handler(Pid, #{path => <<"p">>}),
  %% Topics.
  {ok, _} = golden_behaviours_prices:start_link(),
  ok = golden_behaviours_prices:subscribe(<<"a">>),
  [_] = golden_behaviours_prices:subscribers(<<"a">>),
  ok = golden_behaviours_prices:publish_changed(<<"a">>, #{cents => 1}),
  {'golden::behaviours.Prices', {<<"a">>}, {changed, #{cents := 1}}} = next(),
  ok = golden_behaviours_prices:publish_gone(<<"a">>),
  {'golden::behaviours.Prices', {<<"a">>}, gone} = next(),
  ok = golden_behaviours_prices:unsubscribe(<<"a">>),
  %% Tasks: the node is asked for a function of the schema's module, which this one has not.
  {'EXIT', {{exception, undef, [{'golden::behaviours', 'Reprice', [<<"a">>, 2], _} | _]}, _}} =
    (catch golden_behaviours_reprice:run(erlang:node(), <<"a">>)),
  %% Values.
  <<"say \"hi\"\n">> = golden_everything:greeting(),
  -9223372036854775808 = golden_everything:lowest(),
  -123456789012345678901234567890 = golden_versions:huge(),
  %% Names that are kept on the wire, and shapes that a schema asks for.
  {insert, #{amount := 3}, raw} = golden_versions_cart:add(Pid, #{amount => 3}, raw),
  {draw, {rect, 1, 2}, {'Point', 3, 4}, undefined} =
    golden_versions_cart:draw(Pid, {rect, 1, 2}, {'Point', 3, 4}, undefined),
  {pass, {added_later, 1}} = golden_versions_cart:pass(Pid, {added_later, 1}),
  {start_link, {'golden::versions.Basket', #{customer := 1}}} =
    golden_versions_cart:start_link(Pid, #{customer => 1}),
  {ok, _} = golden_versions_prices:start_link(),
  ok = golden_versions_prices:subscribe(<<"a">>),
  ok = golden_versions_prices:publish_gone(<<"a">>),
  {'golden::versions.Prices', {<<"a">>}, ended} = next(),
  %% What a node cannot be sent has no client, what is deprecated is marked.
  false = erlang:function_exported(golden_versions_cart, hand, 2),
  [[{put, '_', "since version 3: use add"}]] =
    [D || {deprecated, D = [{put, _, _}]} <- golden_versions_cart:module_info(attributes)],
  io:format("all that was sent arrived~n"),
  erlang:halt(0).

%% Answers each call with what was asked.
answer() ->
  receive
    {'$gen_call', From, Request} -> gen_server:reply(From, Request);
    %% As gen_event is asked.
    {Client, From, Request} when erlang:is_pid(Client) -> gen_server:reply(From, Request)
  end,
  answer().

cast_of(Send) ->
  ok = Send(erlang:self()),
  {'$gen_cast', Request} = next(),
  Request.

next() ->
  receive Message -> Message after 5000 -> nothing end.
