using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Totem.Hosting;

/// <summary>
/// The application's member of a ring. It starts with the host and leaves with it, behind everything that was sent. A
/// service takes it by its constructor. Every member may be called by any thread.
/// </summary>
public sealed class TotemRing : IHostedService, IAsyncDisposable
{
    private readonly NodeSetup _setup;
    private readonly IOptions<TotemSettings> _settings;
    private readonly IReadOnlyList<GroupService> _groups;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger<TotemRing> _logger;
    private readonly TaskCompletionSource<TotemNode> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Majority _majority;
    private TotemNode? _node;
    private Task? _ending;
    private Task _watching = Task.CompletedTask;

    internal TotemRing(
        NodeSetup setup, IOptions<TotemSettings> settings, IEnumerable<GroupService> groups,
        IHostApplicationLifetime lifetime, ILogger<TotemRing> logger)
    {
        (_setup, _settings, _groups, _lifetime, _logger) = (setup, settings, [.. groups], lifetime, logger);
        _majority = new Majority(logger);
    }

    /// <summary>The node, which runs. Its own events are not available: groups have theirs.</summary>
    /// <exception cref="InvalidOperationException">The host has not started it yet;
    /// <see cref="WaitStartedAsync"/> waits for it.</exception>
    public TotemNode Node => StartedNode
        ?? throw new InvalidOperationException(
            $"the host has not started its node yet, expected a call after the start or "
            + $"after {nameof(WaitStartedAsync)}");

    internal TotemNode? StartedNode => Volatile.Read(ref _node);

    /// <summary>How many members the ring has when all are well. 0 before the start.</summary>
    public int ExpectedMembers { get; private set; }

    /// <summary>Whether this member has started and its configuration has a majority of
    /// <see cref="ExpectedMembers"/>. A snapshot.</summary>
    public bool HasMajority => _majority.IsHeld;

    /// <summary>
    /// A token that is cancelled when this member no longer belongs to a majority of <see cref="ExpectedMembers"/>, or
    /// stops. While it does not belong to one, the token is cancelled already; ask again when it does. It tells of what
    /// this member knows: others may know of a cut a token timeout earlier, so it is no lease.
    /// </summary>
    public CancellationToken MajorityLost => _majority.Lost;

    /// <summary>Waits until the host has started the node.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="OperationCanceledException">The host stopped before it had started the node.</exception>
    public Task<TotemNode> WaitStartedAsync(CancellationToken cancellationToken = default) =>
        _started.Task.WaitAsync(cancellationToken);

    async Task IHostedService.StartAsync(CancellationToken cancellationToken)
    {
        var settings = _settings.Value;
        var options = _setup.Options(settings);
        ExpectedMembers = NodeSetup.ExpectedMembers(settings, options);
        var node = await TotemNode.StartAsync(options, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _node, node);
        _started.SetResult(node);
        _watching = Task.WhenAll(
            WatchEndAsync(node), _majority.WatchAsync(node, ExpectedMembers, _stopping.Token));
        foreach (var group in _groups)
            await group.StartAsync(node, FailAsync, cancellationToken).ConfigureAwait(false);
    }

    Task IHostedService.StopAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            return _ending ??= EndAsync();
    }

    /// <summary>Leaves, if the host did not stop it before. The container calls this.</summary>
    public async ValueTask DisposeAsync()
    {
        await ((IHostedService)this).StopAsync(CancellationToken.None).ConfigureAwait(false);
        _majority.Dispose();
        _stopping.Dispose();
    }

    private async Task EndAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _started.TrySetCanceled(CancellationToken.None);
        if (StartedNode is not { } node)
            return;
        // The last that joined leaves first, as the services of a host stop.
        foreach (var group in _groups.Reverse())
            await group.StopAsync().ConfigureAwait(false);
        await node.DisposeAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
    }

    private async Task WatchEndAsync(TotemNode node)
    {
        try
        {
            await node.Completion.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RingFailedException or TransportException or IOException)
        {
            await FailAsync(failure, "the ring stopped by itself").ConfigureAwait(false);
        }
    }

    private Task FailAsync(Exception failure, string text)
    {
        var stops = _settings.Value.StopsApplication;
        Log.Failed(_logger, failure, text, stops ? "the application stops" : "the application goes on without it");
        if (stops)
            _lifetime.StopApplication();
        return Task.CompletedTask;
    }
}
