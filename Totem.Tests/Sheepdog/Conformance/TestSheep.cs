using System.Collections.Concurrent;
using Totem.Sheepdog;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>A sheep with a thread of its own for its event loop, as the daemon has one. What it is told becomes lines, which tests wait for.</summary>
internal sealed class TestSheep : IClusterEvents, IDisposable
{
    public const int OpaqueLength = 491_568;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<Action> _actions = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly List<string> _log = [];
    private readonly Thread _thread;
    private readonly string? _option;
    private volatile bool _isOver;
    private bool _isDisposed;

    public TestSheep(IClusterDriver driver, string? option, int identity)
    {
        Driver = driver;
        _option = option;
        Identity = identity;
        _thread = new Thread(Run) { IsBackground = true, Name = $"sheep {identity}" };
        _thread.Start();
    }

    public IClusterDriver Driver { get; }

    public int Identity { get; }

    /// <summary>Called in each own turn, on the event loop; true when the operation has begun.</summary>
    public Func<bool> Turn { get; set; } = () => true;

    public string[] Log
    {
        get
        {
            lock (_log)
                return [.. _log];
        }
    }

    public string[] Members => Log.LastOrDefault(x => x.StartsWith("accept", StringComparison.Ordinal) || x.StartsWith("leave", StringComparison.Ordinal))
        is { } line ? line[(line.IndexOf('[', StringComparison.Ordinal) + 1)..^1].Split(' ') : [];

    /// <summary>Runs something on the event loop.</summary>
    public void Do(Action<IClusterDriver> action)
    {
        _actions.Enqueue(() => action(Driver));
        _wake.Set();
    }

    public TestSheep Join()
    {
        Do(driver =>
        {
            driver.Init(_option);
            driver.Join(Node(Identity), new byte[OpaqueLength]);
            // Section 3: never from within an operation.
            Assert.Empty(Log);
        });
        return this;
    }

    public void WaitFor(Func<TestSheep, bool> condition, string what)
    {
        var end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        lock (_log)
        {
            while (!condition(this))
            {
                var rest = (int)(end - Environment.TickCount64);
                Assert.True(rest > 0 && Monitor.Wait(_log, rest), $"sheep {Identity} waits for {what}; it was told\n{string.Join('\n', _log)}");
            }
        }
    }

    public void WaitForLine(string line) => WaitFor(x => x._log.Contains(line), line);

    public void WaitForMembers(params int[] members)
    {
        var wanted = members.Order().Select(x => x.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        WaitFor(x => x.Members.Order(StringComparer.Ordinal).SequenceEqual(wanted.Order(StringComparer.Ordinal)), $"members {string.Join(' ', wanted)}");
    }

    /// <summary>Ends the event loop; the driver is left to whoever kills it.</summary>
    public void Stop()
    {
        _isOver = true;
        _wake.Set();
        _thread.Join();
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        Stop();
        Driver.Dispose();
        _wake.Dispose();
    }

    public bool OnJoin(SheepNode joining, IReadOnlyList<SheepNode> members, Span<byte> opaque)
    {
        Assert.Equal(OpaqueLength, opaque.Length);
        opaque[0] = (byte)(Identity + 1);
        return true;
    }

    public void OnAccept(SheepNode joined, IReadOnlyList<SheepNode> members, ReadOnlySpan<byte> opaque)
    {
        Assert.Equal(OpaqueLength, opaque.Length);
        Add($"accept {IdOf(joined)} by {opaque[0] - 1} [{Names(members)}]");
    }

    public void OnLeave(SheepNode left, IReadOnlyList<SheepNode> members) => Add($"leave {IdOf(left)} [{Names(members)}]");

    public void OnNotify(SheepNode sender, ReadOnlySpan<byte> message)
    {
        var sum = 0;
        foreach (var one in message)
            sum = unchecked((sum * 31) + one);
        Add($"notify {IdOf(sender)} {message.Length} {sum}");
    }

    public bool OnBlock(SheepNode self)
    {
        Assert.Equal(Identity, IdOf(self));
        return Turn();
    }

    public void OnUpdateNode(SheepNode node) => Add($"update {IdOf(node)} {node.Bytes[1]}");

    public bool OnReconnect()
    {
        Add("reconnect");
        Driver.Init(_option);
        Driver.Join(Node(Identity), new byte[OpaqueLength]);
        return true;
    }

    public void OnFailed(string reason) => Add($"failed {reason}");

    internal static SheepNode Node(int identity, int value = 0)
    {
        var bytes = new byte[80];
        (bytes[0], bytes[1]) = ((byte)identity, (byte)value);
        return new SheepNode(bytes, 1);
    }

    private static int IdOf(SheepNode node) => node.Bytes[0];

    private static string Names(IEnumerable<SheepNode> nodes) => string.Join(' ', nodes.Select(IdOf));

    private void Add(string line)
    {
        lock (_log)
        {
            _log.Add(line);
            Monitor.PulseAll(_log);
        }
    }

    private void Run()
    {
        WaitHandle[] handles = [Driver.EventsReady, _wake];
        while (!_isOver)
        {
            WaitHandle.WaitAny(handles);
            try
            {
                while (!_isOver && _actions.TryDequeue(out var action))
                    action();
                if (!_isOver)
                    Driver.Dispatch(this);
            }
#pragma warning disable CA1031 // A failed assertion is a line that no test waits for, and is shown with the lines.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                Add($"threw {failure}");
            }
        }
    }
}
