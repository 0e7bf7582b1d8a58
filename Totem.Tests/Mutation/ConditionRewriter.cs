using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Totem.Tests.Mutation;

/// <summary>
/// Gives every condition of a file a switch that breaks it: the conditions of <c>if</c>, loops, <c>? :</c> and
/// <c>when</c>, and every operand of <c>&amp;&amp;</c> and <c>||</c>. So the core is compiled once for all mutants.
/// Loops and methods of every file count their steps, because a broken condition may never end.
/// </summary>
internal sealed class ConditionRewriter(string file, bool hasSites, List<ConditionSite> sites) : CSharpSyntaxRewriter
{
    /// <summary>The switch, as part of the core.</summary>
    public const string Switch = """
        internal static class ConditionSwitch
        {
            public static int Active;
            public static bool[] Reached = [];
            public static long StepsLeft;

            public static bool Negated(int number, bool condition) => Is(number) ? !condition : condition;

            public static bool Is(int number)
            {
                Reached[number] = true;
                return number == Active;
            }

            public static void Step()
            {
                if (--StepsLeft < 0)
                    throw new System.InvalidOperationException("This does not end.");
                System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
            }
        }
        """;

    private static readonly StatementSyntax Step = SyntaxFactory.ParseStatement("global::ConditionSwitch.Step();");

    /// <summary>The text of the file with its switches.</summary>
    public string Rewrite(string text) => Visit(CSharpSyntaxTree.ParseText(text).GetRoot()).ToFullString();

    public override SyntaxNode? VisitIfStatement(IfStatementSyntax node)
    {
        var site = Find(node.Condition);
        var visited = (IfStatementSyntax)base.VisitIfStatement(node)!;
        return visited.WithCondition(Break(site, visited.Condition));
    }

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node)
    {
        var site = Find(node.Condition);
        var visited = (WhileStatementSyntax)base.VisitWhileStatement(node)!;
        return visited.WithCondition(Break(site, visited.Condition)).WithStatement(Counted(visited.Statement));
    }

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node)
    {
        var site = node.Condition is null ? null : Find(node.Condition);
        var visited = (ForStatementSyntax)base.VisitForStatement(node)!;
        var condition = visited.Condition is null ? null : Break(site, visited.Condition);
        return visited.WithCondition(condition).WithStatement(Counted(visited.Statement));
    }

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node)
    {
        var visited = (ForEachStatementSyntax)base.VisitForEachStatement(node)!;
        return visited.WithStatement(Counted(visited.Statement));
    }

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node)
    {
        var visited = (MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!;
        return visited.Body is { } body
            ? visited.WithBody(body.WithStatements(body.Statements.Insert(0, Step)))
            : visited;
    }

    public override SyntaxNode? VisitConditionalExpression(ConditionalExpressionSyntax node)
    {
        var site = Find(node.Condition);
        var visited = (ConditionalExpressionSyntax)base.VisitConditionalExpression(node)!;
        return visited.WithCondition(Break(site, visited.Condition));
    }

    public override SyntaxNode? VisitWhenClause(WhenClauseSyntax node)
    {
        var site = Find(node.Condition);
        var visited = (WhenClauseSyntax)base.VisitWhenClause(node)!;
        return visited.WithCondition(Break(site, visited.Condition));
    }

    public override SyntaxNode? VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        if (node.Kind() is not (SyntaxKind.LogicalAndExpression or SyntaxKind.LogicalOrExpression))
            return base.VisitBinaryExpression(node);
        // In a chain the left side is no operand but the rest of the chain.
        var left = node.Left.IsKind(node.Kind()) ? null : Find(node.Left);
        var newLeft = Break(left, (ExpressionSyntax)Visit(node.Left)!);
        var right = Find(node.Right);
        return node.Update(newLeft, node.OperatorToken, Break(right, (ExpressionSyntax)Visit(node.Right)!));
    }

    private static BlockSyntax Counted(StatementSyntax body) => SyntaxFactory.Block(Step, body);

    private ConditionSite? Find(ExpressionSyntax condition)
    {
        if (!hasSites || condition is LiteralExpressionSyntax)
            return null;
        var text = string.Join(' ', condition.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        var line = condition.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
        var site = new ConditionSite(sites.Count + 1, file, line, FormOf(condition), text);
        sites.Add(site);
        return site;
    }

    private static ExpressionSyntax Break(ConditionSite? site, ExpressionSyntax condition) => site?.Form switch
    {
        null => condition,
        ConditionForm.NeverTrue =>
            SyntaxFactory.ParseExpression($"(({condition}) && !global::ConditionSwitch.Is({site.Number}))"),
        ConditionForm.AlwaysTrue =>
            SyntaxFactory.ParseExpression($"(({condition}) || global::ConditionSwitch.Is({site.Number}))"),
        _ => SyntaxFactory.ParseExpression($"global::ConditionSwitch.Negated({site.Number}, {condition})"),
    };

    private static ConditionForm FormOf(ExpressionSyntax condition)
    {
        if (!condition.DescendantNodesAndSelf(x => x is not LambdaExpressionSyntax)
            .OfType<SingleVariableDesignationSyntax>().Any())
            return ConditionForm.Negated;
        return condition switch
        {
            ParenthesizedExpressionSyntax x => FormOf(x.Expression),
            PrefixUnaryExpressionSyntax { Operand: var x } => Opposite(FormOf(x)),
            BinaryExpressionSyntax x when x.IsKind(SyntaxKind.LogicalAndExpression) => ConditionForm.NeverTrue,
            BinaryExpressionSyntax x when x.IsKind(SyntaxKind.LogicalOrExpression) => ConditionForm.AlwaysTrue,
            IsPatternExpressionSyntax { Pattern: UnaryPatternSyntax } => ConditionForm.AlwaysTrue,
            IsPatternExpressionSyntax => ConditionForm.NeverTrue,
            // A variable that a call hands out has a value either way.
            _ => ConditionForm.Negated,
        };
    }

    private static ConditionForm Opposite(ConditionForm form) => form switch
    {
        ConditionForm.NeverTrue => ConditionForm.AlwaysTrue,
        ConditionForm.AlwaysTrue => ConditionForm.NeverTrue,
        _ => form,
    };
}
