using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>How much the sides of a cut have that meet again, as the oldest on each side says.</summary>
internal sealed class SideViews
{
    private readonly List<ClusterView> _foreign = [];
    private ClusterView? _own;

    /// <summary>Another side has more than this one.</summary>
    public bool IsBeaten => _own is { } own && _foreign.Exists(x => x.Beats(own));

    /// <summary>The group has changed: all is to be said again.</summary>
    public void Clear()
    {
        _own = null;
        _foreign.Clear();
    }

    public void AddOwn(ClusterView view) => _own = view;

    public void AddForeign(ClusterView view) => _foreign.Add(view);
}
