using System.CommandLine;
using System.Text.Json;
using System.Threading.Channels;
using Totem.Bench.Load;
using Totem.Bench.Peers;
using Totem.Bench.Processes;
using Totem.CommandLine;

namespace Totem.Bench.Commands;

/// <summary>
/// <c>ring-node</c>, which is not in the help: one node of a measured ring. Reads a <see cref="NodeSetup"/>, then
/// <see cref="NodeInstruction"/>s; prints <see cref="NodeEvent"/>s. Leaves when its input ends,
/// however the parent ended.
/// </summary>
internal sealed class RingNodeCommand : Command
{
    /// <summary>Creates the command.</summary>
    public RingNodeCommand()
        : base(OwnProgram.NodeCommand, "One node of a measured ring, driven through its standard input.")
    {
        Hidden = true;
        SetAction((_, _) => RunAsync());
    }

    private static async Task<int> RunAsync()
    {
        // A Ctrl-C reaches the whole process group; the parent ends us in good order.
        using var signals = new StopSignals();
        try
        {
            var lines = ReadInput();
            var setup = JsonSerializer.Deserialize(
                await lines.ReadAsync().ConfigureAwait(false), NodeJson.Default.NodeSetup)!;
            await RunAsync(setup, lines).ConfigureAwait(false);
            return ExitCode.Ok;
        }
#pragma warning disable CA1031 // The parent says what happened, whatever it was.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            var (code, message) = failure is CommandFailedException known ? (known.ExitCode, known.Message)
                : (ExitCode.Unexpected, failure.ToString());
            Say(new NodeFailed(code, message));
            return code;
        }
    }

    private static async Task RunAsync(NodeSetup setup, ChannelReader<string> lines)
    {
        if (!LoadShape.TryParse(setup.Load, out var load))
            throw new CommandFailedException(ExitCode.Usage, $"'{setup.Load}' is no load");
        var receiver = new LoadReceiver(setup.Self, setup.Nodes, LoadReceiver.SampleEvery(load.Kind))
        {
            IsIdle = load.Kind == LoadKind.Idle,
            Untimed = load.Kind == LoadKind.Beside ? 1u : null,
        };
        using var cancel = new CancellationTokenSource();
        _ = lines.Completion.ContinueWith(_ => cancel.CancelAsync(), TaskScheduler.Default);
        var bus = await Buses.StartAsync(setup, receiver, cancel.Token).ConfigureAwait(false);
        await using (bus.ConfigureAwait(false))
        {
            receiver.Bus = bus;
            using var sender = setup.Self <= setup.Senders && load.Kind != LoadKind.Idle
                ? new LoadSender(bus, load, setup.Size, (int)setup.Self - 1, setup.Senders)
                : null;
            receiver.Sender = sender;
            Say(new NodeReady());
            var told = TellAsync(receiver);
            await ObeyAsync(lines, bus, receiver, sender).ConfigureAwait(false);
            sender?.Stop();
            if (told.IsFaulted)
                await told.ConfigureAwait(false);
        }
    }

    private static async Task ObeyAsync(
        ChannelReader<string> lines, IOrderedBus bus, LoadReceiver receiver, LoadSender? sender)
    {
        await foreach (var line in lines.ReadAllAsync().ConfigureAwait(false))
        {
            switch (JsonSerializer.Deserialize(line, NodeJson.Default.NodeInstruction))
            {
                case StartLoad:
                    sender?.Start();
                    break;
                case OpenWindow:
                    await SendMarkAsync(bus, MessageKind.WindowBegins).ConfigureAwait(false);
                    break;
                case CloseWindow:
                    // The queue of this node empties, so that its mark is not behind more than there is.
                    sender?.Stop();
                    await SendMarkAsync(bus, MessageKind.WindowEnds).ConfigureAwait(false);
                    break;
                case TakeSample:
                    Say(new SampleTaken(Clock.Now, receiver.Delivered, bus.Members, bus.Counters.MembershipChanges));
                    break;
                case PauseReading:
                    bus.Pace?.Pause();
                    break;
                case ReadOn:
                    bus.Pace?.Resume();
                    break;
                default: // Leave.
                    return;
            }
        }
    }

    private static async Task SendMarkAsync(IOrderedBus bus, MessageKind kind)
    {
        var mark = new byte[MessageHeader.Bytes];
        new MessageHeader(kind, bus.Self, 0, Clock.Now).Write(mark);
        while (!bus.TrySend(mark))
            await Task.Delay(TimeSpan.FromMilliseconds(1)).ConfigureAwait(false);
    }

    private static async Task TellAsync(LoadReceiver receiver)
    {
        await receiver.Opened.ConfigureAwait(false);
        Say(new WindowOpened());
        Say(new WindowClosed(await receiver.Closed.ConfigureAwait(false)));
    }

    private static void Say(NodeEvent what)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(what, NodeJson.Default.NodeEvent));
        Console.Out.Flush();
    }

    // The console blocks whoever reads it: a thread of its own does, and the end of the input is
    // heard while we wait for a ring.
    private static ChannelReader<string> ReadInput()
    {
        var channel = Channel.CreateUnbounded<string>();
        var thread = new Thread(() =>
        {
            while (Console.In.ReadLine() is { } line)
                channel.Writer.TryWrite(line);
            channel.Writer.Complete();
        })
        {
            IsBackground = true,
            Name = "instructions",
        };
        thread.Start();
        return channel.Reader;
    }
}
