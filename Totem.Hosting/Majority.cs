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
            while (true)
            {
                await node.WaitForMembersAsync(IsMajority, stopping).ConfigureAwait(false);
                lock (_gate)
                    _held = new CancellationTokenSource();
                await node.WaitForMembersAsync(x => !IsMajority(x), stopping).ConfigureAwait(false);
                Lose();
            }
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException or RingFailedException)
        {
            Lose();
        }

        bool IsMajority(ProcessorSet members) => members.Count > expectedMembers / 2;
    }

    private void Lose()
    {
        CancellationTokenSource? held;
        lock (_gate)
            (held, _held) = (_held, null);
        try
        {
            held?.Cancel();
        }
        catch (AggregateException failure)
        {
            // The callbacks are the application's; the membership is followed whatever they do.
            Log.CallbackFailed(logger, failure);
        }

        held?.Dispose();
    }

    public void Dispose() => Lose();
}
