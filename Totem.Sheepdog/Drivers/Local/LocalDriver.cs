using System.Runtime.Versioning;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>Several sheep on one machine through files in a directory, for development.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalDriver : SessionDriver
{
    private LocalOptions? _options;
    private LocalDirectory? _directory;
    private LocalSession? _session;

    /// <summary>Smaller in tests.</summary>
    internal LocalLimits Limits { get; init; } = new();

    /// <summary>For tests.</summary>
    internal LocalSession? Session => _session;

    protected override long SendingBytes => _session?.UnreadBytes ?? 0;

    protected override bool CanSend => _session is { CanSend: true };

    public override void Init(string? option)
    {
        ThrowIfDisposed();
        var options = LocalOptions.Parse(option);
        if (_session is { CanSend: true } && options == _options)
            return;
        Close();
        (_options, _directory) = (options, LocalDirectory.Open(options.Path, LinuxFileSystem.Instance));
        Log(ClusterLogLevel.Information, $"the cluster lives in the directory {options.Path}; expected in it: other "
            + "sheep of this host with the same one");
    }

    public override void GetLocalAddress(Span<byte> address)
    {
        address[..16].Clear();
        ((ReadOnlySpan<byte>)[127, 0, 0, 1]).CopyTo(address[12..]);
    }

    public override void Join(SheepNode self, ReadOnlySpan<byte> opaque)
    {
        ThrowIfDisposed();
        var directory = _directory ?? throw new InvalidOperationException("not initialised");
        Close();
        // 64 random bits: no two sessions of a directory are ever the same, and nothing is said about processes.
        var session = ClusterSession.OverLog(new PeerId(Random(), Random()));
        try
        {
            lock (Gate)
            {
                _session = new LocalSession(session, directory, Limits, Gate, Drain);
                Begin(session, self, opaque);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ClusterDriverException($"{_options!.Path}: {failure.Message}", failure);
        }

        _session.Start();
    }

    /// <summary>Ends as a process ends that is killed: nobody is told but by the kernel.</summary>
    internal void Kill() => Take()?.Kill();

    protected override void Close() => Take()?.Dispose();

    protected override void Send(byte[] message) => _session!.Send(message);

    private static uint Random() => (uint)System.Random.Shared.NextInt64(1L << 32);

    private LocalSession? Take()
    {
        lock (Gate)
        {
            var session = _session;
            _session = null;
            return session;
        }
    }
}
