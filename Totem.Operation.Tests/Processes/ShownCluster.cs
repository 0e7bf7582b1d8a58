using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Totem.Operation.Tests.Sockets;
using Totem.Tests;
using Totem.Tests.Processes;

namespace Totem.Operation.Tests.Processes;

/// <summary>Real processes, each with a member in a network namespace of its own, that are looked at through their
/// status sockets alone.</summary>
internal sealed partial class ShownCluster : IAsyncDisposable
{
    public const int Kill = 9;
    public const int Stop = 19;
    public const int Continue = 18;

    private readonly TemporaryDirectory _directory = new();
    private readonly TemporaryDirectory _state = new();
    private readonly Dictionary<uint, Process> _processes = [];
    private readonly Dictionary<uint, string> _paths = [];
    private readonly List<Process> _others = [];
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);
    private readonly uint _nodes;

    private ShownCluster(uint nodes, NamespaceNetwork network) => (_nodes, Network) = (nodes, network);

    public NamespaceNetwork Network { get; }

    public string RunDirectory => _directory.Path;

    public CancellationToken Limit => _limit.Token;

    /// <summary>Starts so many members and waits until they are one ring.</summary>
    /// <param name="nodes">How many.</param>
    /// <param name="wrappers">The commands that run some of them.</param>
    public static async Task<ShownCluster> StartAsync(
        uint nodes, params IReadOnlyList<(uint Node, string[] Command)> wrappers)
    {
        var cluster = new ShownCluster(nodes, NamespaceNetwork.Create((int)nodes));
        try
        {
            for (var node = 1u; node <= nodes; node++)
                cluster.Start(node, [.. wrappers.Where(x => x.Node == node).SelectMany(x => x.Command)]);
            for (var node = 1u; node <= nodes; node++)
                await cluster.WaitAsync(node, x => x.MemberCount == (int)nodes && x.Phase.ToString() == "Operational");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public void Start(uint node, params IReadOnlyList<string> wrapper) => _processes[node] = Run(
        node, wrapper, "member", node.ToString(CultureInfo.InvariantCulture),
        _nodes.ToString(CultureInfo.InvariantCulture));

    /// <summary>Runs this program at a node with other arguments, until the cluster ends.</summary>
    public void Beside(uint node, params string[] arguments) => _others.Add(Run(node, [], arguments));

    /// <summary>Runs a command until the cluster ends.</summary>
    public Process Command(params IReadOnlyList<string> command)
    {
        var process = Start(command);
        _others.Add(process);
        return process;
    }

    /// <summary>An order to a member, see <see cref="FaultyMember"/>.</summary>
    public void Tell(uint node, string order)
    {
        _processes[node].StandardInput.WriteLine(order);
        _processes[node].StandardInput.Flush();
    }

    /// <summary>A member leaves in good order.</summary>
    public void Leave(uint node) => _processes[node].StandardInput.Close();

    public void Signal(uint node, int signal) => Assert.Equal(0, SendSignal(_processes[node].Id, signal));

    /// <summary>Waits until a member shows itself so.</summary>
    public async Task<MemberStatus> WaitAsync(uint node, Func<MemberStatus, bool> condition)
    {
        using var socket = await ConnectAsync(node);
        await foreach (var status in socket.WatchAsync(TimeSpan.FromMilliseconds(100), Limit))
        {
            if (condition(status))
                return status;
        }

        throw new InvalidOperationException($"node {node} has ended");
    }

    /// <summary>Waits until a member has written such a record, after those it had.</summary>
    public async Task<ChangeRecord> WaitForChangeAsync(uint node, long after, Func<ChangeRecord, bool> condition)
    {
        var seen = after;
        using var asking = await ConnectAsync(node);
        while (true)
        {
            var status = await WaitAsync(node, x => x.ChangeCount > seen);
            var changes = await asking.GetChangesAsync(Limit);
            var news = (int)Math.Min(changes.Count, status.ChangeCount - after);
            if (changes.Skip(changes.Count - news).FirstOrDefault(condition) is { } found)
                return found;
            seen = status.ChangeCount;
        }
    }

    public async Task<long> ChangesOfAsync(uint node) => (await WaitAsync(node, _ => true)).ChangeCount;

    private async Task<MemberSocket> ConnectAsync(uint node)
    {
        if (!_paths.TryGetValue(node, out var path))
        {
            path = await _processes[node].StandardOutput.ReadLineAsync(Limit)
                ?? throw new InvalidOperationException($"node {node} did not start");
            _paths.Add(node, path);
        }

        return await MemberSocket.ConnectAsync(path, Limit)
            ?? throw new InvalidOperationException($"node {node} has ended");
    }

    private Process Run(uint node, IReadOnlyList<string> wrapper, params string[] arguments) => Start(
    [
        .. Network.WrapperOf(node), .. wrapper, "dotnet",
        Path.Combine(AppContext.BaseDirectory, "Totem.Operation.Tests.dll"), .. arguments,
    ], node);

    private Process Start(IReadOnlyList<string> command, uint node = 0)
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        info.Environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";
        info.Environment["TOTEM_RUN_DIR"] = RunDirectory;
        info.Environment["TOTEM_TEST_STATE"] = Path.Combine(_state.Path, $"{node}");
        Directory.CreateDirectory(_state.Path);
        return Process.Start(info)!;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.Values.Concat(_others))
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Network.Dispose();
        _directory.Dispose();
        _state.Dispose();
        _limit.Dispose();
    }
}
