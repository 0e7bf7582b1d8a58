using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Totem.Hosting.Health;

/// <summary>Live: the ring's thread answers a question within <see cref="TotemSettings.LivenessTimeout"/>. A member
/// that has not started yet is live.</summary>
internal sealed class LiveCheck(TotemRing ring, IOptions<TotemSettings> settings) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (ring.StartedNode is not { } node)
            return HealthCheckResult.Healthy("the node has not started");
        var timeout = settings.Value.LivenessTimeout;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await node.GetGroupsAsync(limit.Token).ConfigureAwait(false);
            return HealthCheckResult.Healthy("the ring's thread turns");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"the ring's thread has not answered for {timeout}");
        }
        catch (Exception end) when (end is ObjectDisposedException or RingFailedException)
        {
            return HealthCheckResult.Unhealthy("the node has stopped", end);
        }
    }
}
