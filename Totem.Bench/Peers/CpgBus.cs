using System.Globalization;
using System.Runtime.InteropServices;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.CommandLine;

namespace Totem.Bench.Peers;

/// <summary>A member of a process group of a real corosync. A process has one.</summary>
internal sealed class CpgBus : IOrderedBus
{
    private const string GroupName = "bench";
    private const string RetransmissionsKey = "stats.srp.mcast_retx";
    private const int KernelTicksPerSecond = 100; // USER_HZ, of /proc/PID/stat.
    private const int StatUserTime = 11;          // Behind the command's name, which may have blanks: proc(5), utime.
    private const int StatSystemTime = 12;
    private const int FormationAttempts = 1000;
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    private static CpgBus s_instance = null!;

    private readonly IBusReceiver _receiver;
    private readonly Lock _lock = new();
    private readonly int _daemon;
    private ulong _handle;
    private ulong _statistics;
    private bool _hasStatistics;
    private volatile int _members;
    private long _changes;

    private CpgBus(NodeSetup setup, IBusReceiver receiver)
    {
        _receiver = receiver;
        _daemon = setup.DaemonPid;
        Self = setup.Self;
    }

    /// <inheritdoc />
    public uint Self { get; }

    /// <inheritdoc />
    public BusCounters Counters => new(
        Environment.CpuUsage.TotalTime + ProcessorTimeOf(_daemon),
        _hasStatistics && LibCpg.GetUInt64(_statistics, RetransmissionsKey, out var value) == LibCpg.Ok
            ? (long)value
            : null,
        Volatile.Read(ref _changes));

    /// <summary>Connects to this node's daemon, joins, and waits until all are there.</summary>
    public static async Task<CpgBus> StartAsync(
        NodeSetup setup, IBusReceiver receiver, CancellationToken cancellationToken)
    {
        var bus = new CpgBus(setup, receiver);
        s_instance = bus;
        await UntilAsync("cpg_initialize", bus.Initialize, cancellationToken).ConfigureAwait(false);
        await UntilAsync("cpg_join", bus.Join, cancellationToken).ConfigureAwait(false);
        bus._hasStatistics = LibCpg.InitializeMap(out bus._statistics, LibCpg.StatisticsMap) == LibCpg.Ok;
        new Thread(bus.Dispatch) { IsBackground = true, Name = "dispatch" }.Start();
        while (bus._members < setup.Nodes)
            await Task.Delay(Retry, cancellationToken).ConfigureAwait(false);
        return bus;
    }

    /// <inheritdoc />
    public unsafe bool TrySend(ReadOnlySpan<byte> message)
    {
        fixed (byte* start = message)
        {
            var vector = new LibCpg.Vector { Base = start, Length = (nuint)message.Length };
            // libqb's request ring has one writer.
            lock (_lock)
            {
                return LibCpg.Multicast(_handle, LibCpg.Agreed, &vector, 1) switch
                {
                    LibCpg.Ok => true,
                    LibCpg.TryAgain => false,
                    var code => throw new InvalidOperationException($"cpg_mcast_joined returned {code}"),
                };
            }
        }
    }

    private unsafe int Initialize()
        => LibCpg.Initialize(out _handle, new LibCpg.Callbacks { Deliver = &OnDeliver, Change = &OnChange });

    private int Join() => LibCpg.Join(_handle, LibCpg.Name.Of(GroupName));

    private void Dispatch()
    {
        var code = LibCpg.Dispatch(_handle, LibCpg.DispatchBlocking);
        // The daemon went away; the parent reads this when it misses us.
        Console.Error.WriteLine($"cpg_dispatch returned {code}");
        Environment.Exit(ExitCode.Environment);
    }

    // Errors of the first moments: the daemon is not there yet, or not in a ring.
    private static async Task UntilAsync(string call, Func<int> attempt, CancellationToken cancellationToken)
    {
        for (var left = FormationAttempts; ; left--)
        {
            var code = attempt();
            if (code == LibCpg.Ok)
                return;
            if (left == 0)
                throw new CommandFailedException(ExitCode.Environment, $"{call} returned {code}");
            await Task.Delay(Retry, cancellationToken).ConfigureAwait(false);
        }
    }

    private static TimeSpan ProcessorTimeOf(int pid)
    {
        if (pid == 0)
            return TimeSpan.Zero; // Ours has none.
        var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[StatUserTime], CultureInfo.InvariantCulture)
            + long.Parse(fields[StatSystemTime], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds((double)ticks / KernelTicksPerSecond);
    }

    [UnmanagedCallersOnly]
    private static unsafe void OnDeliver(
        ulong handle, LibCpg.Name* group, uint node, uint pid, byte* message, nuint length)
        => s_instance._receiver.OnMessage(new ReadOnlySpan<byte>(message, (int)length));

    [UnmanagedCallersOnly]
    private static unsafe void OnChange(ulong handle, LibCpg.Name* group, void* members, nuint memberCount, void* left,
        nuint leftCount, void* joined, nuint joinedCount)
    {
        s_instance._members = (int)memberCount;
        Interlocked.Increment(ref s_instance._changes);
    }

    /// <summary>The process ends, and with it the membership: the library cannot be left while a
    /// thread dispatches.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
