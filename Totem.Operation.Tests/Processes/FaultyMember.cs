using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Totem.Tests.Processes;

namespace Totem.Operation.Tests.Processes;

/// <summary>
/// This assembly as a program: a member in a network namespace to which faults happen that come from within.
/// <c>member ID NODES</c> runs it and prints where its status socket lies; lines on its standard input do something to
/// it; the end of the input ends it in good order. <c>flood ADDRESS</c> fills somebody's receive
/// buffer until it is killed.
/// </summary>
internal static partial class FaultyMember
{
    public const int Port = 5405;

    private const string BlockWord = "block";

    public static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["member", var id, var nodes]:
                await RunAsync(uint.Parse(id, CultureInfo.InvariantCulture),
                    uint.Parse(nodes, CultureInfo.InvariantCulture));
                return 0;
            case ["flood", var address]:
                Flood(new IPEndPoint(IPAddress.Parse(address), Port));
                return 0;
            default:
                await Console.Error.WriteLineAsync("expected member ID NODES or flood ADDRESS");
                return 2;
        }
    }

    private static async Task RunAsync(uint id, uint nodes)
    {
        var node = await TotemNode.StartAsync(new TotemNodeOptions
        {
            Ring = new RingOptions
            {
                Self = new ProcessorId(id),
                TokenTimeout = TimeSpan.FromMilliseconds(600),
                TokenRetransmit = TimeSpan.FromMilliseconds(200),
                ConsensusTimeout = TimeSpan.FromMilliseconds(720),
                FailToReceiveTimeout = TimeSpan.FromSeconds(2),
            },
            Transport = new UdpTransportOptions
            {
                Kind = UdpTransportKind.Unicast,
                ReceiveBufferBytes = 1 << 16,
                SegmentationOffload = false,
                Peers = [.. Enumerable.Range(1, (int)nodes).Select(x => new UdpPeer(
                    new ProcessorId((uint)x),
                    new IPEndPoint(IPAddress.Parse(NamespaceNetwork.AddressOf((uint)x)), Port)))],
            },
            StateDirectory = Environment.GetEnvironmentVariable("TOTEM_TEST_STATE"),
            // Real time cannot be starved, and one of the faults is to be starved.
            Scheduling = RingScheduling.Unchanged,
            OnDelivery = static (in Delivery delivery) =>
            {
                if (delivery.Payload.StartsWith("block"u8))
                    Thread.Sleep(int.Parse(delivery.Payload[6..], CultureInfo.InvariantCulture));
            },
        });
        await using (node)
        {
            await Console.Out.WriteLineAsync(node.StatusSocketPath);
            while (await Console.In.ReadLineAsync() is { } line)
                await ObeyAsync(node, line);
        }
    }

    private static async Task ObeyAsync(TotemNode node, string line)
    {
        switch (line.Split(' '))
        {
            case ["load", var bytes, var count]:
                var message = new byte[int.Parse(bytes, CultureInfo.InvariantCulture)];
                for (var left = int.Parse(count, CultureInfo.InvariantCulture); left > 0; left--)
                    await node.MulticastAsync(message);
                break;
            case [BlockWord, _]:
                await node.MulticastAsync(System.Text.Encoding.ASCII.GetBytes(line));
                break;
            case ["collect", var milliseconds]:
                HoldUpCollector(int.Parse(milliseconds, CultureInfo.InvariantCulture));
                break;
            default:
                throw new InvalidOperationException($"'{line}' is no order");
        }
    }

    /// <summary>The collector stops all threads before it begins, and must wait for one that is in code which it cannot
    /// stop. Everybody else waits with it: a pause as long as a test wants, and like any other to
    /// whoever looks.</summary>
    private static void HoldUpCollector(int milliseconds)
    {
        using var isHolding = new ManualResetEventSlim();
        var holder = new Thread(() =>
        {
            isHolding.Set();
            // It waits for its child whatever signals come, by which the collector asks threads to stop.
            _ = RunUnstoppably(string.Create(CultureInfo.InvariantCulture, $"sleep {milliseconds / 1000.0}"));
        });
        holder.Start();
        isHolding.Wait();
        GC.Collect();
        holder.Join();
    }

    [LibraryImport("libc", EntryPoint = "system", StringMarshalling = StringMarshalling.Utf8)]
    [SuppressGCTransition]
    private static partial int RunUnstoppably(string command);

    private static void Flood(IPEndPoint target)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(target);
        var junk = new byte[1400];
        while (true)
        {
            try
            {
                socket.Send(junk);
            }
            catch (SocketException)
            {
                // Full, or refused: there is always a next one.
            }
        }
    }
}
