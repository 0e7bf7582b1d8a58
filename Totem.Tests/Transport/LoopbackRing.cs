namespace Totem.Tests.Transport;

/// <summary>Where the nodes of one test find each other on the loopback: ports, a state directory, and a bound for all
/// waits.</summary>
public abstract class LoopbackRing : IDisposable
{
    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);
    private readonly int _port = Ports.TakeBase();

    protected CancellationToken Limit => _limit.Token;

    /// <summary>The options that a node of this ring starts with.</summary>
    protected TotemNodeOptions Options => TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path);

    protected Task<TotemNode> StartAsync(Func<TotemNodeOptions, TotemNodeOptions>? change = null) =>
        TotemNode.StartAsync(change is null ? Options : change(Options), Limit);

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
        GC.SuppressFinalize(this);
    }
}
