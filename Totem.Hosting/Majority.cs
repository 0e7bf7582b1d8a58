using Microsoft.Extensions.Logging;

namespace Totem.Hosting;

/// <summary>Whether this member belongs to a majority, and a token for as long as it does.</summary>
internal sealed class Majority(ILogger logger) : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _held;

    public bool IsHeld
    {
        get
        {
            lock (_gate)
                return _held is not null;
        }
    }

    public CancellationToken Lost
    {
        get
        {
            lock (_gate)
                return _held?.Token ?? new CancellationToken(canceled: true);
        }
    }

    /// <summary>Follows the configurations of a node until the token is cancelled or the node ends.</summary>
    public async Task WatchAsync(TotemNode node, int expectedMembers, CancellationToken stopping)
    {
        try
        {
            // The condition sees every configuration. A wait for each turn could sleep through a loss that is short.
            await node.WaitForMembersAsync(
                members =>
                {
                    Follow(members.Count > expectedMembers / 2);
                    return false;
                },
                stopping).ConfigureAwait(false);
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException or RingFailedException)
        {
            Follow(isHeld: false);
        }
    }

    private void Follow(bool isHeld)
    {
        CancellationTokenSource? lost = null;
        lock (_gate)
        {
            if (isHeld)
                _held ??= new CancellationTokenSource();
            else
                (lost, _held) = (_held, null);
        }

        if (lost is not null)
            _ = TellAsync(lost);
    }

    private async Task TellAsync(CancellationTokenSource lost)
    {
        try
        {
            // The callbacks are the application's, and this may be the ring's thread.
            await lost.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException failure)
        {
            Log.CallbackFailed(logger, failure);
        }

        lost.Dispose();
    }

    public void Dispose() => Follow(isHeld: false);
}
