namespace Totem.Core.Diagnostics;

/// <summary>Passes events on, and stops an observer that calls back into the processor: nothing may
/// change inside a rule.</summary>
internal sealed class ObserverGuard(IRingObserver? observer) : IRingObserver
{
    private bool _isObserving;

    public void OnEvent(in RingEvent ringEvent)
    {
        if (observer is null)
            return;
        _isObserving = true;
        observer.OnEvent(ringEvent);
        _isObserving = false;
    }

    /// <summary>Called at the start of every public method: an observer must not call back into the
    /// processor.</summary>
    public void RefuseReentry() =>
        Invariant.That(!_isObserving, "an observer does not call into the processor");
}
