namespace Totem.Sheepdog.Sessions;

/// <summary>The backend's group does not have this session yet.</summary>
/// <param name="common">The fields that the session has in every state.</param>
internal sealed class ArrivingState(SessionCommon common) : NewcomerState(common, new HeldMessages(), hasSettled: false)
{
    public Transition? HandleChange() =>
        Common.Peers.Contains(Common.Self) ? new ToJoining(new JoiningState(Common, Held, HasSettled)) : null;

    public override string ToString() => $"not in the group, settled {HasSettled}";
}
