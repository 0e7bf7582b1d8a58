using System.Collections.Concurrent;
using System.Text;
using Totem.Sheepdog;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>A sheep in the test's own process, with a thread for its event loop as the daemon has one.</summary>
internal sealed class DriverSheep : TestSheep, IClusterEvents
{
    public const int OpaqueLength = 491_568;

    /// <summary>The backend did not answer when it began.</summary>
    public const string Unreachable = "unreachable";

    private readonly ConcurrentQueue<Action> _actions = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private readonly string? _option;
    private readonly Action<IClusterDriver> _kill;
    private volatile bool _isOver;
    private bool _isDisposed;

    /// <param name="driver">Not connected yet; belongs to the sheep.</param>
    /// <param name="option">The driver's.</param>
    /// <param name="identity">The node.</param>
    /// <param name="kill">Ends the driver as a kill -9 would end its process.</param>
    public DriverSheep(IClusterDriver driver, string? option, int identity, Action<IClusterDriver> kill)
        : base(identity)
    {
        Driver = driver;
        _option = option;
        _kill = kill;
        _thread = new Thread(Run) { IsBackground = true, Name = $"sheep {identity}" };
        _thread.Start();
    }

    public IClusterDriver Driver { get; }

    /// <summary>The byte that its buffer is filled with when it joins; with zeros nothing of it travels.</summary>
    public byte OpaqueFill { get; set; }

    protected override string Condition => $"{Driver}";

    /// <summary>Runs something on the event loop.</summary>
    public void Do(Action<IClusterDriver> action)
    {
        _actions.Enqueue(() => action(Driver));
        _wake.Set();
    }

    public override TestSheep Join()
    {
        Do(driver =>
        {
            try
            {
                driver.Init(_option);
            }
            catch (ClusterDriverException failure)
            {
                // The daemon ends with this error, and its supervisor starts it again.
                Add($"{Unreachable} {failure.Message}");
                Join();
                return;
            }

            var told = Lines.Length;
            driver.Join(Node(Identity), NewOpaque());
            // Section 3: never from within an operation.
            Assert.Equal(told, Lines.Length);
        });
        return this;
    }

    public override void Leave() => Do(x => x.Leave());

    public override void Notify(string text) =>
        Do(x => Assert.Equal(ClusterResult.Success, x.Notify(Encoding.UTF8.GetBytes(text))));

    public override void Block() => Do(x => Assert.Equal(ClusterResult.Success, x.Block()));

    public override void Unblock(string text) =>
        Do(x => Assert.Equal(ClusterResult.Success, x.Unblock(Encoding.UTF8.GetBytes(text))));

    public override void Update(int value) =>
        Do(x => Assert.Equal(ClusterResult.Success, x.UpdateNode(Node(Identity, value))));

    public override void Lock(ulong id) => Driver.Lock(id);

    public override bool Unlock(ulong id) => Driver.Unlock(id);

    public override void Stop()
    {
        var (own, lost) = ($"leave {Identity} ", CountOf(Reconnected));
        var left = CountOf(own);
        Leave();
        // A leave that is under way when the session is lost goes with it; the others see the end instead.
        WaitFor(
            lines => lines.Count(x => x.StartsWith(own, StringComparison.Ordinal)) > left
                || lines.Count(x => x == Reconnected) > lost,
            "its leave, or the end of its session");
        Dispose();
    }

    public override void Kill()
    {
        // The loop first: it would answer the end of its backend with a new session.
        EndLoop();
        _kill(Driver);
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
        Assert.Equal(-1, opaque[1..].IndexOfAnyExcept(opaque[^1]));
        if (opaque[^1] != 0)
            Add($"opaque {opaque[^1]}");
        // O6, DRIVER §3.1: one answer wins, the same everywhere.
        Add($"accept {IdOf(joined)} by {opaque[0] - 1} [{Names(members)}]");
    }

    public void OnLeave(SheepNode left, IReadOnlyList<SheepNode> members) =>
        Add($"leave {IdOf(left)} [{Names(members)}]");

    public void OnNotify(SheepNode sender, ReadOnlySpan<byte> message) =>
        Add(NotifyLine(IdOf(sender), Encoding.UTF8.GetString(message)));

    public bool OnBlock(SheepNode self)
    {
        Assert.Equal(Identity, IdOf(self));
        Turn();
        return true;
    }

    public void OnUpdateNode(SheepNode node) => Add($"update {IdOf(node)} {node.Bytes[1]}");

    public bool OnReconnect()
    {
        Add(Reconnected);
        Driver.Init(_option);
        Driver.Join(Node(Identity), NewOpaque());
        return true;
    }

    public void OnFailed(string reason) => Add($"failed {reason}");

    internal static SheepNode Node(int identity, int value = 0)
    {
        var bytes = new byte[80];
        (bytes[0], bytes[1]) = ((byte)identity, (byte)value);
        return new SheepNode(bytes, 1);
    }

    protected override void Dispose(bool disposing)
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        EndLoop();
        Driver.Dispose();
        _wake.Dispose();
    }

    private byte[] NewOpaque()
    {
        var opaque = new byte[OpaqueLength];
        opaque.AsSpan().Fill(OpaqueFill);
        return opaque;
    }

    private static int IdOf(SheepNode node) => node.Bytes[0];

    private static string Names(IEnumerable<SheepNode> nodes) => Names(nodes.Select(IdOf));

    private void EndLoop()
    {
        _isOver = true;
        _wake.Set();
        _thread.Join();
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
